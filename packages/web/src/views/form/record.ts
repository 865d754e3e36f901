import { useSyncExternalStore } from 'react'
import type { FieldMeta, ModelViews, Specification } from '@erp4/orm/views-types'
import type { Draft } from '../../data/drafts.ts'
import { namesTaken } from '../../fields/links.ts'
import { ownedBy } from '../../fields/owner.ts'
import type { Values } from '../../fields/widget.ts'
import { call } from '../../rpc.ts'
import {
  type Line,
  type Lines,
  carriedOver,
  changeLine,
  commandsOf,
  draftOf,
  followedLines,
  isTouched,
  linesFrom,
  newLine,
  withDraft,
  withLinks,
} from './lines.ts'
import { isSameValue, wireValue } from './wire.ts'

interface State {
  readonly id: number | null
  /** As the server gave them; lists of lines as Lines. */
  readonly saved: Values
  readonly values: Values
  readonly changed: ReadonlySet<string>
  /** What is wrong, by field; set when a save was tried. */
  readonly problems: Readonly<Record<string, string>>
  readonly warnings: readonly string[]
}

const untouched = { changed: new Set<string>(), problems: {}, warnings: [] } as const

/** What the person changed: a field, or a field of one of the lines. */
interface Touched {
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

const placeOf = (...parts: readonly string[]): string => parts.join('/')

/** When each place of a form was last changed by hand, by a count of changes: an answer that was asked for before does not overwrite it. */
class EditTimes {
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

/**
 * A record in a form: what the server said, what the person changed, and what follows from it. Components read one field each, so that a key
 * pressed in one of three hundred lines draws that line and no other.
 */
export class FormRecord {
  readonly views: ModelViews
  readonly model: string
  readonly specification: Specification
  readonly lineFields: ReadonlySet<string>
  #state: State
  readonly #listeners = new Set<() => void>()
  readonly #edited = new EditTimes()
  #waiting: Touched[] = []
  #pending: Promise<void> | null = null
  #saving: Promise<number> | null = null
  readonly #lineDefaults = new Map<string, Promise<Values>>()
  /** Raised when what was being asked about is no longer there: answers to it are not taken. */
  #epoch = 0

  constructor(views: ModelViews, given: { readonly record: Values } | { readonly defaults: Values }) {
    this.views = views
    this.model = views.model
    this.specification = views.views['form']!.specification!
    const { fields } = views.models[views.model]!
    this.lineFields = new Set(Object.keys(this.specification).filter((name) => fields[name]?.type === 'one2many'))
    this.#state = 'record' in given ? this.#stateOf(given.record) : this.#newState(given.defaults)
  }

  get fields(): Readonly<Record<string, FieldMeta>> {
    return this.views.models[this.model]!.fields
  }
  get id(): number | null {
    return this.#state.id
  }
  get values(): Values {
    return this.#state.values
  }
  get saved(): Values {
    return this.#state.saved
  }
  get changed(): ReadonlySet<string> {
    return this.#state.changed
  }
  get problems(): Readonly<Record<string, string>> {
    return this.#state.problems
  }
  get isDirty(): boolean {
    return this.#state.changed.size > 0
  }
  /** What apps had to say about the last changes; nothing is stopped by it. */
  get warnings(): readonly string[] {
    return this.#state.warnings
  }

  #stateOf(record: Values): State {
    const values = this.#withLines(record)
    return { ...untouched, id: record['id'] as number, saved: values, values }
  }

  #newState(defaults: Values): State {
    const blank: Record<string, unknown> = {}
    for (const name of Object.keys(this.specification)) blank[name] = this.lineFields.has(name) ? linesFrom([]) : emptyOf(this.fields[name])
    const values = ownedBy(this.model, { ...blank, ...this.#linked(defaults) })
    // Defaults are given on the first save, and ask for none of the questions that a person's own changes ask for.
    return { ...untouched, id: null, saved: values, values }
  }

  #withLines(record: Values): Values {
    return ownedBy(
      this.model,
      Object.fromEntries(Object.entries(record).map(([name, value]) => [name, this.lineFields.has(name) ? linesFrom(value) : value])),
    )
  }

  /** What an onchange answered, as values. Of lines, what was typed after `since` stays. */
  #linked(changes: Values, before: Values = {}, since = Infinity): Values {
    return Object.fromEntries(
      Object.entries(withLinks(this.fields, changes, before)).map(([name, value]) => {
        if (!this.lineFields.has(name)) return [name, value]
        const lines = (before[name] as Lines | undefined) ?? linesFrom([])
        const isOwn = (key: string, field: string): boolean => this.#edited.isLater(placeOf(name, key, field), since)
        return [name, followedLines(lines, value, this.#lineMeta(name), isOwn)]
      }),
    )
  }

  #lineMeta(name: string): Readonly<Record<string, FieldMeta>> {
    return this.views.models[this.fields[name]!.relation!]?.fields ?? {}
  }

  /** What an onchange answered about a line, where nothing was typed since; what can be set is sent when it is saved. */
  #followLine(name: string, key: string, value: Values, since: number, own: ReadonlySet<string> = new Set()): void {
    const fields = this.#lineMeta(name)
    const lines = this.#state.values[name] as Lines
    const line = lines.lines.find((one) => one.key === key)
    if (!line) return
    const isOwn = (place: string): boolean => own.has(place) || this.#edited.isLater(place, since)
    const fresh = Object.entries(value).filter(([field]) => !isOwn(placeOf(name, key, field)))
    const byHand = fresh.flatMap(([one, given]) => (fields[one]?.readonly || (line.id === null && isNothing(given)) ? [] : [one]))
    this.#change({ [name]: changeLine(lines, key, withLinks(fields, Object.fromEntries(fresh), line.values), byHand) }, [name])
  }

  /** A change by hand, and a moment later what follows from it. */
  set(name: string, value: unknown): void {
    this.#edited.note(name)
    this.#change({ [name]: value }, [name])
    // Another customer, other defaults.
    this.#lineDefaults.clear()
    if (this.#leads(name)) this.#follow({ name })
  }

  setLines(name: string, lines: Lines, changedLine?: { readonly key: string; readonly field: string }): void {
    this.#edited.note(name)
    if (changedLine) this.#edited.note(placeOf(name, changedLine.key, changedLine.field))
    this.#change({ [name]: lines }, [name])
    this.#follow({ name, ...changedLine })
  }

  /** A line at the end, at once; what a new one begins with follows when the server has said it, and is known from then on. */
  addLine(name: string, shown: readonly string[]): string {
    const { relation, relation_field: back } = this.fields[name]!
    const fields = this.views.models[relation!]?.fields ?? {}
    const owner = back ? { [back]: { id: this.#state.id ?? 0, ...this.#wire(false) } } : {}
    const line = newLine(Object.fromEntries(shown.map((one) => [one, emptyOf(fields[one])])))
    const { lines, removed } = this.#state.values[name] as Lines
    this.setLines(name, { lines: [...lines, line], removed })
    const [since, epoch] = [this.#edited.now, this.#epoch]
    const defaults =
      this.#lineDefaults.get(name) ??
      call<Followed>(relation!, 'onchange', [[], owner, [], this.specification[name]!.fields ?? {}]).then(({ value }) => value)
    this.#lineDefaults.set(name, defaults)
    defaults.then(
      (value) => {
        const { [back ?? '']: _owner, ...rest } = value
        if (epoch === this.#epoch) this.#followLine(name, line.key, rest, since)
      },
      // Asked again with the next line; the server completes what is saved without them.
      () => this.#lineDefaults.delete(name),
    )
    return line.key
  }

  #leads(name: string): boolean {
    const field = this.fields[name]
    return field?.follows === true || field?.inverse === true
  }

  #change(values: Values, byHand: readonly string[]): void {
    const changed = new Set(this.#state.changed)
    for (const name of byHand) {
      const isAsSaved = this.lineFields.has(name) ? !isTouched(values[name] as Lines) : isSameValue(values[name], this.#state.saved[name])
      if (isAsSaved) changed.delete(name)
      else changed.add(name)
    }
    const problems = Object.fromEntries(Object.entries(this.#state.problems).filter(([name]) => !byHand.includes(name)))
    this.#put({ ...this.#state, values: ownedBy(this.model, { ...this.#state.values, ...values }), changed, problems })
  }

  /** Notes what is to be asked about; one conversation at a time asks, when the typing pauses, about all that was noted until then. */
  #follow(touched: Touched): void {
    this.#waiting.push(touched)
    this.#pending ??= this.#followAll().finally(() => {
      this.#pending = null
    })
  }

  async #followAll(): Promise<void> {
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
      await this.#followInLine(
        first!,
        [first!, ...more].map(({ field }) => field),
        epoch,
      )
    const names = [...new Set(asked.map(({ name }) => name))]
    if (epoch !== this.#epoch || !names.some((name) => this.#leads(name))) return
    // What was chosen of computed fields is said again each time: computed anew, it would be as it was.
    const chosen = [...this.#state.changed].filter((name) => this.fields[name]?.inverse && !names.includes(name))
    const [since, own] = [this.#edited.now, this.#edited.latter(names)]
    const args = [this.#ids, this.#wire(true), [...chosen, ...names], this.specification]
    const { value, warning } = await call<Followed>(this.model, 'onchange', args)
    if (epoch !== this.#epoch) return
    if (warning) this.warn(warning.message)
    const fresh = Object.entries(value).filter(
      ([name]) => this.lineFields.has(name) || !(own.has(name) || this.#edited.isLater(name, since)),
    )
    this.#change(
      this.#linked(Object.fromEntries(fresh), this.#state.values, since),
      fresh.flatMap(([name]) => (this.fields[name]?.readonly || this.lineFields.has(name) ? [] : [name])),
    )
  }

  #leadsInLine({ name, field }: Touched): boolean {
    return this.views.models[this.fields[name]!.relation!]?.fields[field!]?.follows === true
  }

  /** What follows inside a line itself: a product brings its price. */
  async #followInLine({ name, key }: Required<Touched>, fields: readonly string[], epoch: number): Promise<void> {
    const { relation, relation_field: back } = this.fields[name]!
    const comodel = this.views.models[relation!]!
    const line = (this.#state.values[name] as Lines).lines.find((one) => one.key === key)
    if (!line || epoch !== this.#epoch) return
    const owner = { id: this.#state.id ?? 0, ...this.#wire(false) }
    const values = { ...wireLine(line, comodel.fields), ...(back ? { [back]: owner } : {}) }
    const [since, own] = [this.#edited.now, this.#edited.latter(fields.map((field) => placeOf(name, key, field)))]
    const { value, warning } = await call<Followed>(relation!, 'onchange', [
      line.id === null ? [] : [line.id],
      values,
      [...new Set(fields)],
      this.specification[name]!.fields ?? {},
    ])
    if (epoch !== this.#epoch) return
    if (warning) this.warn(warning.message)
    this.#followLine(name, key, value, since, own)
  }

  get #ids(): number[] {
    return this.#state.id === null ? [] : [this.#state.id]
  }

  /** All values, as the protocol takes them; with the lists of lines or without. */
  #wire(withLines: boolean): Values {
    return Object.fromEntries(
      Object.entries(this.#state.values).flatMap(([name, value]) => {
        const field = this.fields[name]
        if (!field || name === 'id' || name === 'display_name' || name === 'version') return []
        if (!this.lineFields.has(name)) return [[name, wireValue(field.type, value)]]
        return withLines ? [[name, this.#commands(name)]] : []
      }),
    )
  }

  #commands(name: string): unknown[] {
    return commandsOf(this.#state.values[name] as Lines, this.views.models[this.fields[name]!.relation!]?.fields ?? {})
  }

  /** What a save sends: the person's changes, and, of a new record, what it began with. */
  changes(): Values {
    const names =
      this.#state.id === null
        ? Object.keys(this.#state.values).filter((name) => !isBlank(this.#state.values[name]))
        : [...this.#state.changed]
    return Object.fromEntries(
      names.flatMap((name) => {
        const field = this.fields[name]
        if (!field || (field.readonly && !this.#state.changed.has(name)) || ['id', 'display_name', 'version'].includes(name)) return []
        if (this.lineFields.has(name)) {
          const commands = this.#commands(name)
          return commands.length > 0 ? [[name, commands]] : []
        }
        return [[name, wireValue(field.type, this.#state.values[name])]]
      }),
    )
  }

  /** Resolves when nothing is on its way any more that follows from what was typed. */
  async settled(): Promise<void> {
    await namesTaken()
    await this.#pending
  }

  /** Saves against the version that was read: a Refusal that `isConflict` where somebody else was first. Asked twice, it saves once. */
  save(): Promise<number> {
    this.#saving ??= this.#save().finally(() => {
      this.#saving = null
    })
    return this.#saving
  }

  async #save(): Promise<number> {
    // What is still to follow from the last keys is saved with them.
    await this.settled()
    const kwargs = {
      specification: this.specification,
      ...(this.#state.id === null ? {} : { version: this.#state.values['version'] ?? null }),
    }
    const [sent, since] = [this.#state.values, this.#edited.now]
    const [record] = await call<Values[]>(this.model, 'web_save', [this.#ids, this.changes()], kwargs)
    const now = this.#state.values
    this.#put(this.#stateOf(record!))
    this.#carryOver(sent, now, since)
    return record!['id'] as number
  }

  /** What was typed while the answer to a save was on its way is not saved yet, and not lost either. */
  #carryOver(sent: Values, now: Values, since: number): void {
    for (const name of Object.keys(now).filter((one) => this.#edited.isLater(one, since))) {
      const value = this.lineFields.has(name)
        ? carriedOver(this.#state.values[name] as Lines, sent[name] as Lines, now[name] as Lines)
        : now[name]
      this.#change({ [name]: value }, [name])
    }
  }

  /** The record as it is on the server now. */
  async readNow(): Promise<Values | undefined> {
    const [record] = await call<Values[]>(this.model, 'web_read', [this.#ids, this.specification])
    return record && this.#withLines(record)
  }

  /** Goes on from what somebody else saved, keeping these of one's own values. */
  rebase(theirs: Values, kept: ReadonlySet<string>): void {
    const own = Object.fromEntries([...kept].map((name) => [name, this.#state.values[name]]))
    this.#put({ ...this.#state, saved: theirs, values: ownedBy(this.model, { ...theirs, ...own }), changed: kept, problems: {} })
  }

  /** What would be lost if the page went away now, or null: without passwords, keys and files, which are kept nowhere. */
  draft(): Draft | null {
    const { changed, values } = this.#state
    const kept = [...changed].filter((name) => this.fields[name] && !this.fields[name].secret && this.fields[name].type !== 'binary')
    if (kept.length === 0) return null
    const [lines, plain] = [kept.filter((name) => this.lineFields.has(name)), kept.filter((name) => !this.lineFields.has(name))]
    return {
      at: Date.now(),
      version: typeof values['version'] === 'number' ? values['version'] : null,
      values: Object.fromEntries(plain.map((name) => [name, values[name]])),
      lines: Object.fromEntries(lines.map((name) => [name, draftOf(values[name] as Lines)])),
    }
  }

  /** Types a draft in again, on top of the record as it is; fields that are no longer there, or no longer to be written, are left out. */
  resume({ values, lines }: Draft): void {
    const plain = Object.entries(values).filter(([name]) => name in this.specification && !this.fields[name]?.secret)
    const lists = Object.entries(lines).filter(([name]) => this.lineFields.has(name))
    const all = Object.fromEntries([
      ...plain,
      ...lists.map(([name, draft]) => [name, withDraft(this.#state.values[name] as Lines, draft)] as const),
    ])
    for (const name of Object.keys(all)) this.#edited.note(name)
    this.#change(all, Object.keys(all))
    for (const name of Object.keys(all)) if (this.#leads(name)) this.#follow({ name })
  }

  /** Takes the record as read anew; unsaved changes are gone. */
  reset(record: Values): void {
    this.#forget()
    this.#put(this.#stateOf(record))
  }

  discard(): void {
    const { id, saved } = this.#state
    this.#forget()
    this.#put({ ...untouched, id, saved, values: saved })
  }

  #forget(): void {
    this.#epoch++
    this.#waiting = []
  }

  /** Shows a sentence above the form until it is put away. */
  warn(sentence: string): void {
    if (!this.#state.warnings.includes(sentence)) this.#put({ ...this.#state, warnings: [...this.#state.warnings, sentence] })
  }

  unwarn(sentence: string): void {
    this.#put({ ...this.#state, warnings: this.#state.warnings.filter((one) => one !== sentence) })
  }

  setProblems(problems: Readonly<Record<string, string>>): void {
    this.#put({ ...this.#state, problems })
  }

  #put(state: State): void {
    this.#state = state
    for (const tell of this.#listeners) tell()
  }

  readonly subscribe = (tell: () => void): (() => void) => {
    this.#listeners.add(tell)
    return () => this.#listeners.delete(tell)
  }
}

function emptyOf(field: FieldMeta | undefined): unknown {
  if (field?.type === 'many2many') return []
  return field && ['integer', 'float', 'monetary'].includes(field.type) ? 0 : false
}

const isNothing = (value: unknown): boolean => value === 0 || isBlank(value)

const isBlank = (value: unknown): boolean =>
  value === false || value === undefined || value === null || (Array.isArray(value) && value.length === 0)

const wireLine = ({ values }: Line, fields: Readonly<Record<string, FieldMeta>>): Values =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      fields[name] && name !== 'id' && name !== 'display_name' ? [[name, wireValue(fields[name].type, value)]] : [],
    ),
  )

/** A part of a record, drawn anew only when it changes. `pick` must give the same thing for the same state. */
export const useRecord = <T>(record: FormRecord, pick: (record: FormRecord) => T): T =>
  useSyncExternalStore(record.subscribe, () => pick(record))
