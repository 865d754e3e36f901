import '../graph/palette.css'
import './calendar.css'
import { ActionIcon, Button, SegmentedControl, Tooltip } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { useEffect, useMemo, useState } from 'react'
import { metaOf } from '../../data/views.ts'
import { useTexts } from '../../i18n/index.ts'
import { formatPlace, go } from '../../location.ts'
import { useShortcuts } from '../../shell/shortcuts.ts'
import { Toolbar } from '../../shell/Toolbar.tsx'
import { useAnnouncer } from '../../ui/announce.tsx'
import { watchDrag } from '../../ui/drag.ts'
import { IconChevronLeft, IconChevronRight, IconPlus } from '../../ui/icons.ts'
import { Failure, ListSkeleton } from '../../ui/states.tsx'
import { TransferMenu } from '../TransferMenu.tsx'
import type { ViewProps } from '../view-type.ts'
import { Agenda } from './Agenda.tsx'
import { type Day, addDays, addSteps, clockText, daysShown, isDay, longDay, scales, titleOf } from './days.ts'
import { type CalendarEvent, instantOf, planOf, today as dayNow, useEvents } from './events.ts'
import { Hours } from './Hours.tsx'
import { Month } from './Month.tsx'
import { type Shift, shifted, useShifts } from './shifts.ts'

/** Records on their days; which date is meant, how many days and which ones are in the address. */
export function CalendarView({ views, domain, context, look, setLook, urlOf, place }: ViewProps) {
  const t = useTexts()
  const meta = metaOf(views)
  const plan = useMemo(() => planOf(views), [views])
  const isPhone = useMediaQuery('(max-width: 700px)', false, { getInitialValueInEffect: false })
  const field = plan.from.find(({ name }) => name === look.more['date']) ?? plan.from[0]
  const scale = scales.find((one) => one === look.more['scale']) ?? 'month'
  const today = dayNow()
  const at = isDay(look.more['at']) ? look.more['at'] : today
  const days = useMemo(() => daysShown(at, scale), [at, scale])
  const found = useEvents({ views, plan, field, days, domain, context })
  const { announcer, say } = useAnnouncer()
  const { shifts, returned, shift } = useShifts(views.model, field, plan.until, say)
  const [held, setHeld] = useState<Shift | null>(null)
  const [dragged, setDragged] = useState<number | null>(null)
  const [over, setOver] = useState<string | null>(null)
  const isMovable = meta.may.write && !field.readonly
  const hasTimes = field.type === 'datetime'

  const shown = useMemo(() => {
    const moved = held ? new Map(shifts).set(held.event.row.id, held) : shifts
    return (found.data?.events ?? []).map((event) => {
      const one = moved.get(event.row.id)
      return one ? shifted(one) : event
    })
  }, [found.data, shifts, held])
  const eventsOn = (day: Day): CalendarEvent[] => shown.filter((event) => event.day <= day && day <= event.lastDay)
  const original = (event: CalendarEvent): CalendarEvent => found.data?.events.find(({ row }) => row.id === event.row.id) ?? event

  // What the keyboard carries is drawn anew on another day: the focus goes with it.
  useEffect(() => {
    if (held) document.getElementById(`event-${held.event.row.id}`)?.focus()
  }, [held])

  const goTo = (day: Day): void => setLook({ more: { at: day === today ? '' : day } })
  const openDay = (day: Day): void => setLook({ more: { at: day, scale: 'day' } })
  const create = (day: Day, minutes: number | null): void => {
    const value = hasTimes ? instantOf(day, minutes ?? 9 * 60) : day
    const [path = ''] = urlOf('new').split('?', 1)
    void go(`${path}?${new URLSearchParams({ default: `${field.name}:${value}` }).toString()}`, {
      state: { list: location.pathname + location.search },
    })
  }
  const open = (event: CalendarEvent): void =>
    void go(urlOf(event.row.id), { state: { ids: shown.map(({ row }) => row.id), list: location.pathname + location.search } })

  const drag = (pointer: React.PointerEvent, event: CalendarEvent): void => {
    if (!isMovable || held) return
    watchDrag(pointer.nativeEvent, pointer.currentTarget as HTMLElement, {
      onStart: () => setDragged(event.row.id),
      onOver: (target) => setOver(target?.dataset['drop'] ?? null),
      onEnd: (target) => {
        setDragged(null)
        const [day, minutes] = target?.dataset['drop']?.split('T') ?? []
        if (isDay(day)) void shift({ event: original(event), day, minutes: minutes === undefined ? null : Number(minutes) })
      },
    })
  }
  const onKeyDown = (key: React.KeyboardEvent, event: CalendarEvent): void => {
    if (key.ctrlKey || key.metaKey || key.altKey) return
    const name = String(event.row['display_name'] || t.noName)
    if (!held) {
      if (key.key !== ' ' || !isMovable) return
      key.preventDefault()
      setHeld({ event: original(event), day: event.day, minutes: event.minutes })
      return say(t.eventTaken(name, longDay(event.day)))
    }
    if (key.key === 'Escape') {
      setHeld(null)
      say(t.cardGivenUp(name, longDay(held.event.day)))
      setTimeout(() => document.getElementById(`event-${event.row.id}`)?.focus())
    } else if (key.key === ' ' || key.key === 'Enter') {
      setHeld(null)
      void shift(held)
    } else if (key.key !== 'Tab') {
      const next = stepped(held, key.key, scale === 'month' || !hasTimes)
      if (!next) return
      if (days.includes(next.day)) {
        setHeld(next)
        say(`${longDay(next.day)} ${next.minutes === null ? '' : clockText(next.minutes)}`)
      }
    }
    key.preventDefault()
    key.stopPropagation()
  }

  useShortcuts([
    { keys: 'alt+n', label: t.new, run: () => meta.may.create && create(at, null) },
    { keys: '/', label: t.search, run: () => document.getElementById('search')?.focus() },
  ])
  const events = {
    plan,
    urlOf,
    held: held?.event.row.id ?? null,
    dragged,
    returned,
    onOpen: open,
    onDrag: drag,
    onKeyDown,
    days,
    today,
    over,
    eventsOn,
    onDay: openDay,
    onNew: meta.may.create ? create : undefined,
  }
  return (
    <>
      <Toolbar>
        {meta.may.create && (
          <Button
            size="compact-sm"
            leftSection={<IconPlus size={15} aria-hidden />}
            onClick={() =>
              void go(formatPlace([...place.steps.slice(0, -1), { word: place.steps.at(-1)!.word, id: 'new' }]), {
                state: { list: location.pathname + location.search },
              })
            }
          >
            {t.new}
          </Button>
        )}
        <Tooltip label={t.earlier}>
          <ActionIcon variant="subtle" color="gray" c="inherit" aria-label={t.earlier} onClick={() => goTo(addSteps(at, scale, -1))}>
            <IconChevronLeft size={18} aria-hidden />
          </ActionIcon>
        </Tooltip>
        <Tooltip label={t.later}>
          <ActionIcon variant="subtle" color="gray" c="inherit" aria-label={t.later} onClick={() => goTo(addSteps(at, scale, 1))}>
            <IconChevronRight size={18} aria-hidden />
          </ActionIcon>
        </Tooltip>
        <Button size="compact-sm" variant="default" onClick={() => goTo(today)}>
          {t.periods.today}
        </Button>
        <strong className="calendar-title" aria-live="polite">
          {titleOf(at, scale)}
        </strong>
        <span className="grow" />
        {found.data?.isCut && <span className="note">{t.calendarIsCut}</span>}
        {plan.from.length > 1 && (
          <select
            className="plain-select"
            aria-label={t.calendarBy}
            value={field.name}
            onChange={(event) => setLook({ more: { date: event.target.value } })}
          >
            {plan.from.map(({ name, string }) => (
              <option key={name} value={name}>
                {string}
              </option>
            ))}
          </select>
        )}
        <SegmentedControl
          size="xs"
          value={scale}
          aria-label={t.calendarScale}
          onChange={(next) => setLook({ more: { scale: next } })}
          data={scales.map((one) => ({ value: one, label: t.scales[one] }))}
        />
        <TransferMenu
          views={views}
          domain={found.where}
          order={field.name}
          columns={[{ field: plan.title }, { field }, ...(plan.until ? [{ field: plan.until }] : []), ...plan.more]}
          context={context}
          count={found.data?.isCut ? undefined : found.data?.events.length}
        />
      </Toolbar>
      {announcer}
      <p id="event-hint" hidden>
        {isMovable ? t.cardHint : ''}
      </p>
      {found.error ? (
        <Failure error={found.error} retry={() => void found.refetch()} />
      ) : found.isPending ? (
        <ListSkeleton />
      ) : (
        <div className="calendar" data-busy={found.isPlaceholderData || undefined}>
          {isPhone ? (
            <Agenda {...events} />
          ) : scale === 'month' ? (
            <Month {...events} month={at.slice(0, 7)} />
          ) : (
            <Hours {...events} hasTimes={hasTimes} />
          )}
        </div>
      )}
    </>
  )
}

/** Where an arrow carries the record: by days and weeks, or, where hours are shown, up and down by half of one. */
function stepped(held: Shift, key: string, isByWeeks: boolean): Shift | null {
  const across = key === 'ArrowLeft' ? -1 : key === 'ArrowRight' ? 1 : 0
  const down = key === 'ArrowUp' ? -1 : key === 'ArrowDown' ? 1 : 0
  if (across !== 0) return { ...held, day: addDays(held.day, across) }
  if (down === 0) return null
  if (isByWeeks || held.minutes === null) return { ...held, day: addDays(held.day, down * 7) }
  return { ...held, minutes: Math.max(0, Math.min(1410, held.minutes + down * 30)) }
}
