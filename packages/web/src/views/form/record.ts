import { useSyncExternalStore } from 'react'
import type { FieldMeta, ModelViews, Specification } from '@erp4/orm/views-types'
import type { Draft } from '../../data/drafts.ts'
import { ownedBy } from '../../fields/owner.ts'
import type { Values } from '../../fields/widget.ts'
import { call } from '../../rpc.ts'
import { EditTimes, Following, placeOf, taken } from './following.ts'
import { type Lines, carriedOver, commandsOf, draftOf, isTouched, linesFrom, newLine, withDraft, withFields } from './lines.ts'
import { isEmptyValue, isSameValue, wireValue } from './wire.ts'

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

/**
 * A record in a form: what the server said, what the person changed, and what follows from it. Components read one field each, so that a key
 * pressed in one of three hundred lines draws that line and no other.
 */
export class FormRecord {
  readonly model: string
  #views: ModelViews
  #lineFields: ReadonlySet<string>
  #state: State
  readonly #listeners = new Set<() => void>()
  readonly #edited = new EditTimes()
  /** Lines that were added, by list and key, until something is typed into them. */
  readonly #blank = new Set<string>()
  #saving: Promise<number> | null = null
  readonly #following = new Following(this, this.#edited, (values, byHand) => this.#change(values, byHand))

  constructor(views: ModelViews, given: { readonly record: Values } | { readonly defaults: Values }) {
    this.model = views.model
    this.#views = views
    this.#lineFields = lineFieldsOf(views)
    this.#state = 'record' in given ? this.#stateOf(given.record) : this.#newState(given.defaults)
  }

  get views(): ModelViews {
    return this.#views
  }
  get specification(): Specification {
    return this.#views.views['form']!.specification!
  }
  get lineFields(): ReadonlySet<string> {
    return this.#lineFields
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
    const values = ownedBy(this.model, { ...blank, ...taken(this, defaults) })
    // Defaults are given on the first save, and ask for none of the questions that a person's own changes ask for.
    return { ...untouched, id: null, saved: values, values }
  }

  #withLines(record: Values): Values {
    return ownedBy(
      this.model,
      Object.fromEntries(Object.entries(record).map(([name, value]) => [name, this.lineFields.has(name) ? linesFrom(value) : value])),
    )
  }

  /** Of the lines of this list. */
  fieldsOfLines(name: string): Readonly<Record<string, FieldMeta>> {
    return this.views.models[this.fields[name]!.relation!]?.fields ?? {}
  }

  /** A change by hand, and a moment later what follows from it. */
  set(name: string, value: unknown): void {
    this.#edited.note(name)
    this.#change({ [name]: value }, [name])
    this.#following.forgetDefaults()
    if (this.#following.leads(name)) this.#following.note({ name })
  }

  setLines(name: string, lines: Lines, changedLine?: { readonly key: string; readonly field: string }): void {
    this.#edited.note(name)
    if (changedLine) {
      this.#edited.note(placeOf(name, changedLine.key, changedLine.field))
      this.#blank.delete(placeOf(name, changedLine.key))
    }
    this.#change({ [name]: lines }, [name])
    this.#following.note({ name, ...changedLine })
  }

  /**
   * A line at the end, at once, with what is `given`; what else a new one begins with follows when the server has said it, and is known from
   * then on. A heading begins with nothing.
   */
  addLine(name: string, shown: readonly string[], given: Values, isHeading: boolean): string {
    const fields = this.fieldsOfLines(name)
    const line = newLine({ ...Object.fromEntries(shown.map((one) => [one, emptyOf(fields[one])])), ...given })
    const { lines, removed } = this.#state.values[name] as Lines
    this.setLines(name, { lines: [...lines, line], removed })
    if (!isHeading) this.#following.beginLine(name, line.key)
    // After the question: its answer leaves alone what is later.
    for (const one of Object.keys(given)) this.#edited.note(placeOf(name, line.key, one))
    this.#blank.add(placeOf(name, line.key))
    return line.key
  }

  /** Takes the lines away that were added and left without a word, but for the one with the cursor. */
  dropBlank(name: string, kept?: string): void {
    const { lines, removed } = this.#state.values[name] as Lines
    const left = lines.filter(({ key }) => key === kept || !this.#blank.has(placeOf(name, key)))
    if (left.length < lines.length) this.setLines(name, { lines: left, removed })
  }

  #change(values: Values, byHand: readonly string[]): void {
    const changed = new Set(this.#state.changed)
    for (const name of byHand) {
      const isAsSaved = this.lineFields.has(name) ? !isTouched(values[name] as Lines) : isSameValue(values[name], this.#state.saved[name])
      if (isAsSaved) changed.delete(name)
      else changed.add(name)
    }
    // The same object where none of them goes: what shows them is not drawn for each key.
    const isMended = byHand.some((name) => name in this.#state.problems)
    const problems = isMended
      ? Object.fromEntries(Object.entries(this.#state.problems).filter(([name]) => !byHand.includes(name)))
      : this.#state.problems
    this.#put({ ...this.#state, values: ownedBy(this.model, { ...this.#state.values, ...values }), changed, problems })
  }

  get ids(): number[] {
    return this.#state.id === null ? [] : [this.#state.id]
  }

  /** All values, as the protocol takes them; with the lists of lines or without. */
  wire(withLines: boolean): Values {
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
    return commandsOf(this.#state.values[name] as Lines, this.fieldsOfLines(name))
  }

  /** What a save sends: the person's changes, and, of a new record, what it began with. */
  changes(): Values {
    const names =
      this.#state.id === null
        ? Object.keys(this.#state.values).filter((name) => !isEmptyValue(this.#state.values[name]))
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
  settled(): Promise<void> {
    return this.#following.settled()
  }

  /**
   * Goes on with other fields than it began with: those that came have the values of `now`, the record (or what a new one begins with) as the
   * server tells it with them; those that went are gone. What was typed stays, and so does the version that it is saved against.
   */
  learn(views: ModelViews, now: Values): void {
    const { id, saved, values, changed, problems, warnings } = this.#state
    this.#views = views
    this.#lineFields = lineFieldsOf(views)
    const fresh = id === null ? this.#newState(now) : this.#stateOf(now)
    if (changed.size === 0) return this.#put({ ...fresh, warnings })
    const isKnown = (name: string): boolean => name in fresh.values
    const learned = (before: Values): Values =>
      Object.fromEntries(
        Object.entries(fresh.values).map(([name, value]) => [
          name,
          !(name in before) ? value : this.#lineFields.has(name) ? withFields(before[name] as Lines, value as Lines) : before[name],
        ]),
      )
    this.#put({
      id,
      saved: ownedBy(this.model, learned(saved)),
      values: ownedBy(this.model, learned(values)),
      changed: new Set([...changed].filter(isKnown)),
      problems: Object.fromEntries(Object.entries(problems).filter(([name]) => isKnown(name))),
      warnings,
    })
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
    const [record] = await call<Values[]>(this.model, 'web_save', [this.ids, this.changes()], kwargs)
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

  /** The record as it is on the server now, its lists as `Lines`. */
  async readNow(): Promise<Values | undefined> {
    const [record] = await call<Values[]>(this.model, 'web_read', [this.ids, this.specification])
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
    for (const name of Object.keys(all)) if (this.#following.leads(name)) this.#following.note({ name })
  }

  /** Takes the record as `readNow` gave it; unsaved changes are gone. */
  reset(now: Values): void {
    this.#following.forget()
    this.#put({ ...untouched, id: now['id'] as number, saved: now, values: now })
  }

  discard(): void {
    const { id, saved } = this.#state
    this.#following.forget()
    this.#put({ ...untouched, id, saved, values: saved })
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

function lineFieldsOf(views: ModelViews): ReadonlySet<string> {
  const { fields } = views.models[views.model]!
  return new Set(Object.keys(views.views['form']!.specification!).filter((name) => fields[name]?.type === 'one2many'))
}

function emptyOf(field: FieldMeta | undefined): unknown {
  if (field?.type === 'many2many') return []
  return field && ['integer', 'float', 'monetary'].includes(field.type) ? 0 : false
}

/** A part of a record, drawn anew only when it changes. `pick` must give the same thing for the same state. */
export const useRecord = <T>(record: FormRecord, pick: (record: FormRecord) => T): T =>
  useSyncExternalStore(record.subscribe, () => pick(record))
