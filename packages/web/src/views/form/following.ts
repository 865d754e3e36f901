import type { FieldMeta } from '@erp4/orm/views-types'
import { namesTaken } from '../../fields/links.ts'
import type { Values } from '../../fields/widget.ts'
import { call } from '../../rpc.ts'
import { type Line, type Lines, changeLine, followedLines, linesFrom, withLinks } from './lines.ts'
import type { FormRecord } from './record.ts'
import { isEmptyValue, wireValue } from './wire.ts'

/** What the person changed: a field, or a field of one of the lines. */
export interface Touched {
  readonly name: string
  readonly key?: string
  readonly field?: string
}

/** What `onchange` answers (external-api §6). */
interface Followed {
  readonly value: Values
  readonly warning?: { readonly message: string }
}

/** So long the hands must rest before the server is asked what follows. */
const pauseMs = 140

export const placeOf = (...parts: readonly string[]): string => parts.join('/')

/** When each place of a form was last changed by hand, by a count of changes: an answer that was asked for before does not overwrite it. */
export class EditTimes {
  readonly #at = new Map<string, number>()
  now = 0

  note(place: string): void {
    this.#at.set(place, ++this.now)
  }
  isLater(place: string, than: number): boolean {
    return (this.#at.get(place) ?? 0) > than
  }
  /** Of places that are asked about together, those that were changed after another of them: what follows from that one leaves them alone. */
  latter(places: readonly string[]): ReadonlySet<string> {
    return new Set(places.filter((place) => places.some((other) => this.isLater(place, this.#at.get(other) ?? 0))))
  }
}

/** Whether a field of a line of a list was typed by hand, so that no answer changes it. */
type IsOwn = (list: string, line: string, field: string) => boolean

/** What the server answered about a record, as the form holds it. Of its lines, what `isOwn` names is left as it is. */
export function taken(record: FormRecord, changes: Values, before: Values = {}, isOwn: IsOwn = () => false): Values {
  return Object.fromEntries(
    Object.entries(withLinks(record.fields, changes, before)).map(([name, value]) => {
      if (!record.lineFields.has(name)) return [name, value]
      const lines = (before[name] as Lines | undefined) ?? linesFrom([])
      return [name, followedLines(lines, value, record.fieldsOfLines(name), (line, field) => isOwn(name, line, field))]
    }),
  )
}

/**
 * What follows from what a person changes: asks the server when the hands rest, about all that was touched until then, one conversation at a
 * time, and puts into the record what it answers, but never over what was typed since it was asked.
 */
export class Following {
  readonly #record: FormRecord
  readonly #edited: EditTimes
  readonly #put: (values: Values, byHand: readonly string[]) => void
  #waiting: Touched[] = []
  #pending: Promise<void> | null = null
  readonly #lineDefaults = new Map<string, Promise<Values>>()
  /** Raised when what was being asked about is no longer there: answers to it are not taken. */
  #epoch = 0

  /** `put` changes the record: values, and which of them are to be saved. */
  constructor(record: FormRecord, edited: EditTimes, put: (values: Values, byHand: readonly string[]) => void) {
    this.#record = record
    this.#edited = edited
    this.#put = put
  }

  /** Notes a change that something may follow from. */
  note(touched: Touched): void {
    this.#waiting.push(touched)
    this.#pending ??= this.#askAll().finally(() => {
      this.#pending = null
    })
  }

  /** Resolves when nothing is on its way any more that follows from what was typed. */
  async settled(): Promise<void> {
    await namesTaken()
    await this.#pending
  }

  /** What is on its way is about a record that is no longer there. */
  forget(): void {
    this.#epoch++
    this.#waiting = []
  }

  /** Another customer, other defaults of lines. */
  forgetDefaults(): void {
    this.#lineDefaults.clear()
  }

  leads(name: string): boolean {
    const field = this.#record.fields[name]
    return field?.follows === true || field?.inverse === true
  }

  /** Fills a line that was just added with what new lines begin with; asked once for each list. */
  beginLine(name: string, key: string): void {
    const { relation, relation_field: back } = this.#record.fields[name]!
    const [since, epoch] = [this.#edited.now, this.#epoch]
    const defaults =
      this.#lineDefaults.get(name) ??
      call<Followed>(relation!, 'onchange', [[], this.#owner(back), [], this.#record.specification[name]!.fields ?? {}]).then(
        ({ value }) => value,
      )
    this.#lineDefaults.set(name, defaults)
    defaults.then(
      (value) => {
        const { [back ?? '']: _owner, ...rest } = value
        if (epoch === this.#epoch) this.#takeLine(name, key, rest, since)
      },
      // Asked again with the next line; the server completes what is saved without them.
      () => this.#lineDefaults.delete(name),
    )
  }

  /** The record that a line belongs to, as a line's onchange wants it. */
  #owner(back: string | undefined): Values {
    return back ? { [back]: { id: this.#record.id ?? 0, ...this.#record.wire(false) } } : {}
  }

  async #askAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const before = this.#edited.now
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
      if (this.#edited.now !== before) continue
      const asked = this.#waiting
      this.#waiting = []
      try {
        await this.#ask(asked, this.#epoch)
      } catch {
        // What follows is a courtesy: saving says what is wrong, and is where an outage is told.
      }
    }
  }

  /** Asks the server what else changes: in the lines that were touched first, then in the record. */
  async #ask(asked: readonly Touched[], epoch: number): Promise<void> {
    const lines = Map.groupBy(
      asked.filter((one): one is Required<Touched> => one.key !== undefined && this.#leadsInLine(one)),
      ({ name, key }) => placeOf(name, key),
    )
    for (const [first, ...more] of lines.values())
      await this.#askLine(
        first!,
        [first!, ...more].map(({ field }) => field),
        epoch,
      )
    const names = [...new Set(asked.map(({ name }) => name))]
    if (epoch === this.#epoch && names.some((name) => this.leads(name))) await this.#askRecord(names, epoch)
  }

  async #askRecord(names: readonly string[], epoch: number): Promise<void> {
    const record = this.#record
    // What was chosen of computed fields is said again each time: computed anew, it would be as it was.
    const chosen = [...record.changed].filter((name) => record.fields[name]?.inverse && !names.includes(name))
    const [since, own] = [this.#edited.now, this.#edited.latter(names)]
    const args = [record.ids, record.wire(true), [...chosen, ...names], record.specification]
    const { value, warning } = await call<Followed>(record.model, 'onchange', args)
    if (epoch !== this.#epoch) return
    if (warning) record.warn(warning.message)
    const fresh = Object.entries(value).filter(
      ([name]) => record.lineFields.has(name) || !(own.has(name) || this.#edited.isLater(name, since)),
    )
    this.#put(
      taken(record, Object.fromEntries(fresh), record.values, (...place) => this.#edited.isLater(placeOf(...place), since)),
      fresh.flatMap(([name]) => (record.fields[name]?.readonly || record.lineFields.has(name) ? [] : [name])),
    )
  }

  #leadsInLine({ name, field }: Touched): boolean {
    return this.#record.fieldsOfLines(name)[field!]?.follows === true
  }

  /** What follows inside a line itself: a product brings its price. */
  async #askLine({ name, key }: Required<Touched>, fields: readonly string[], epoch: number): Promise<void> {
    const record = this.#record
    const { relation, relation_field: back } = record.fields[name]!
    const line = (record.values[name] as Lines).lines.find((one) => one.key === key)
    if (!line || epoch !== this.#epoch) return
    const values = { ...wireLine(line, record.fieldsOfLines(name)), ...this.#owner(back) }
    const [since, own] = [this.#edited.now, this.#edited.latter(fields.map((field) => placeOf(name, key, field)))]
    const { value, warning } = await call<Followed>(relation!, 'onchange', [
      line.id === null ? [] : [line.id],
      values,
      [...new Set(fields)],
      record.specification[name]!.fields ?? {},
    ])
    if (epoch !== this.#epoch) return
    if (warning) record.warn(warning.message)
    this.#takeLine(name, key, value, since, own)
  }

  /** What was answered about a line, where nothing was typed since; what can be set is sent when it is saved. */
  #takeLine(name: string, key: string, value: Values, since: number, own: ReadonlySet<string> = new Set()): void {
    const fields = this.#record.fieldsOfLines(name)
    const lines = this.#record.values[name] as Lines
    const line = lines.lines.find((one) => one.key === key)
    if (!line) return
    const isOwn = (place: string): boolean => own.has(place) || this.#edited.isLater(place, since)
    const fresh = Object.entries(value).filter(([field]) => !isOwn(placeOf(name, key, field)))
    const byHand = fresh.flatMap(([one, given]) => (fields[one]?.readonly || (line.id === null && isNothing(given)) ? [] : [one]))
    this.#put({ [name]: changeLine(lines, key, withLinks(fields, Object.fromEntries(fresh), line.values), byHand) }, [name])
  }
}

const isNothing = (value: unknown): boolean => value === 0 || isEmptyValue(value)

const wireLine = ({ values }: Line, fields: Readonly<Record<string, FieldMeta>>): Values =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      fields[name] && name !== 'id' && name !== 'display_name' ? [[name, wireValue(fields[name].type, value)]] : [],
    ),
  )
