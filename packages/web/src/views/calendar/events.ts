import { useQuery } from '@tanstack/react-query'
import dayjs from 'dayjs'
import timezone from 'dayjs/plugin/timezone'
import utc from 'dayjs/plugin/utc'
import type { FieldMeta, ShownField } from '@erp4/orm/views-types'
import { keyText } from '../../data/groups.ts'
import { type KnownViews, metaOf } from '../../data/views.ts'
import type { Domain } from '../../domain.ts'
import { ownedBy } from '../../fields/owner.ts'
import { ask } from '../../rpc.ts'
import { start } from '../../start.ts'
import type { Page, Row } from '../list/rows.ts'
import { type Day, addDays, daysBetween } from './days.ts'

dayjs.extend(utc)
dayjs.extend(timezone)
const zone = start.session.user_context.tz || 'UTC'

/** More than anybody sees in a month. */
const mostEvents = 1_000

/** What the view declares. */
export interface Plan {
  readonly from: readonly [FieldMeta, ...FieldMeta[]]
  readonly until: FieldMeta | undefined
  readonly color: FieldMeta | undefined
  readonly title: FieldMeta
  readonly more: readonly { readonly field: FieldMeta; readonly shown: ShownField }[]
}

export function planOf(views: KnownViews): Plan {
  const { fields } = metaOf(views)
  const nodes = views.views['calendar']?.nodes ?? []
  const at = (tag: 'from' | 'until' | 'color'): FieldMeta[] => nodes.flatMap((node) => (node.tag === tag ? (fields[node.field] ?? []) : []))
  const shown = nodes.flatMap((node) => (node.tag === 'field' && fields[node.field] ? [{ field: fields[node.field]!, shown: node }] : []))
  const [title = { field: fields['display_name']! }, ...more] = shown
  return {
    // The server sends no calendar without a date.
    from: at('from') as [FieldMeta, ...FieldMeta[]],
    until: at('until')[0],
    color: at('color')[0],
    title: title.field,
    more,
  }
}

/** A record where it stands in the calendar. */
export interface CalendarEvent {
  readonly row: Row
  readonly day: Day
  readonly lastDay: Day
  /** Since midnight of its day on the user's clock; null for a record without a time. */
  readonly minutes: number | null
  readonly length: number
  /** Of the palette, 1 to 10. */
  readonly color: number
}

/** An instant on the user's clock, and back: `2027-03-10 09:30:00` in UTC is `['2027-03-10', 570]` in London. */
export function localOf(value: string): readonly [Day, number] {
  const local = dayjs.utc(value).tz(zone)
  return [local.format('YYYY-MM-DD'), local.hour() * 60 + local.minute()]
}

export function instantOf(day: Day, minutes: number): string {
  const text = `${day} ${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
  return dayjs.tz(text, zone).utc().format('YYYY-MM-DD HH:mm:ss')
}

/** The day it is for the user. */
export const today = (): Day => dayjs().tz(zone).format('YYYY-MM-DD')

interface Request {
  readonly views: KnownViews
  readonly plan: Plan
  readonly field: FieldMeta
  readonly days: readonly Day[]
  readonly domain: Domain
  readonly context: Readonly<Record<string, unknown>>
}

/** The records of the days shown, whether there were more, and the condition that finds them. */
export function useEvents({ views, plan, field, days, domain, context }: Request) {
  const { model } = views
  const until = plan.until?.type === field.type ? plan.until : undefined
  const names = [field, plan.title, ...plan.more.map((one) => one.field), ...(until ? [until] : []), ...(plan.color ? [plan.color] : [])]
  const fields = [...new Set(names.map(({ name }) => name)), 'display_name', 'version']
  const where = [...domain, ...inside(field, until, days)]
  const query = useQuery({
    queryKey: ['calendar', model, where, fields, context],
    queryFn: async () => {
      const { length, records } = await ask<Page>('list', { model, domain: where, fields, order: field.name, limit: mostEvents, context })
      const events = records.map((row) => eventOf(ownedBy(model, row), field, until, plan.color))
      return { events, isCut: length > records.length }
    },
    staleTime: 2_000,
    placeholderData: (before) => before,
  })
  return { ...query, where }
}

/** What begins before the end, and ends after the beginning, of the days shown. */
function inside({ name, type }: FieldMeta, until: FieldMeta | undefined, days: readonly Day[]): Domain {
  const [first, after] = [days[0]!, addDays(days.at(-1)!, 1)].map((day) => (type === 'datetime' ? instantOf(day, 0) : day))
  const begins: Domain = [[name, '<', after]]
  if (!until) return ['&', [name, '>=', first], ...begins]
  return ['&', ...begins, '|', [until.name, '>=', first], '&', [until.name, '=', false], [name, '>=', first]]
}

function eventOf(row: Row, field: FieldMeta, until: FieldMeta | undefined, color: FieldMeta | undefined): CalendarEvent {
  const [begin, end] = [String(row[field.name]), until && row[until.name] ? String(row[until.name]) : undefined]
  const isTimed = field.type === 'datetime'
  const [day, minutes] = isTimed ? localOf(begin) : [begin, null]
  const [lastDay, lastMinutes] = end === undefined ? [day, null] : isTimed ? localOf(end) : [end, null]
  const length = minutes !== null && lastMinutes !== null ? daysBetween(day, lastDay) * 1440 + lastMinutes - minutes : 60
  return {
    row,
    day,
    lastDay: lastDay < day ? day : lastDay,
    minutes,
    length: Math.max(30, length),
    color: colorOf(color && row[color.name]),
  }
}

/** One value has one colour, whatever else is there. */
function colorOf(value: unknown): number {
  if (value === undefined || value === false || value === null) return 10
  const text = keyText(typeof value === 'object' && value !== null && 'id' in value ? value.id : value)
  let sum = 0
  for (const sign of text) sum = (sum * 31 + sign.codePointAt(0)!) % 9973
  return (sum % 9) + 1
}

/** The values that put a record on another day, or at another time, and leave it as long as it was. */
export function movedValues(
  event: CalendarEvent,
  field: FieldMeta,
  until: FieldMeta | undefined,
  day: Day,
  minutes: number | null,
): Record<string, string> {
  const isTimed = field.type === 'datetime'
  const at = minutes ?? event.minutes ?? 0
  const begin = isTimed ? instantOf(day, at) : day
  const end = until && until.type === field.type ? event.row[until.name] : undefined
  if (!until || typeof end !== 'string' || end === '') return { [field.name]: begin }
  if (!isTimed) return { [field.name]: begin, [until.name]: addDays(end, daysBetween(event.day, day)) }
  const lasts = dayjs.utc(end).diff(dayjs.utc(String(event.row[field.name])), 'second')
  return { [field.name]: begin, [until.name]: dayjs.utc(begin).add(lasts, 'second').format('YYYY-MM-DD HH:mm:ss') }
}
