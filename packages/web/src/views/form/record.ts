import { useSyncExternalStore } from 'react'
import type { FieldMeta, ModelViews, Specification } from '@erp4/orm/views-types'
import { ownedBy } from '../../fields/owner.ts'
import type { Values } from '../../fields/widget.ts'
import { call } from '../../rpc.ts'
import { type Line, type Lines, changeLine, commandsOf, isTouched, linesFrom } from './lines.ts'
import { isSameValue, wireValue } from './wire.ts'

interface State {
  readonly id: number | null
  /** As the server gave them; lists of lines as Lines. */
  readonly saved: Values
  readonly values: Values
  readonly changed: ReadonlySet<string>
  /** What is wrong, by field; set when a save was tried. */
  readonly problems: Readonly<Record<string, string>>
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
  #asked = 0
  #pending: Promise<void> = Promise.resolve()

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
  /** Resolves when what follows from the last change has come. */
  get settled(): Promise<void> {
    return this.#pending
  }

  #stateOf(record: Values): State {
    const values = this.#withLines(record)
    return { id: record['id'] as number, saved: values, values, changed: new Set(), problems: {} }
  }

  #newState(defaults: Values): State {
    const blank: Record<string, unknown> = {}
    for (const name of Object.keys(this.specification)) blank[name] = this.lineFields.has(name) ? linesFrom([]) : emptyOf(this.fields[name])
    const values = ownedBy(this.model, { ...blank, ...this.#linked(defaults) })
    // Defaults are given on the first save, and ask for none of the questions that a person's own changes ask for.
    return { id: null, saved: values, values, changed: new Set(), problems: {} }
  }

  #withLines(record: Values): Values {
    return ownedBy(
      this.model,
      Object.fromEntries(Object.entries(record).map(([name, value]) => [name, this.lineFields.has(name) ? linesFrom(value) : value])),
    )
  }

  /** An onchange's lists of links are commands; as values they are the records. */
  #linked(changes: Values, before: Values = {}): Values {
    return Object.fromEntries(
      Object.entries(changes).map(([name, value]) => {
        if (this.lineFields.has(name)) return [name, this.#followedLines((before[name] as Lines | undefined) ?? linesFrom([]), value)]
        if (this.fields[name]?.type !== 'many2many' || !Array.isArray(value)) return [name, value]
        let links = [...((before[name] as { id: number }[] | undefined) ?? [])]
        for (const [verb, id, values] of value as [number, number, { id: number } | undefined][]) {
          if (verb === 3) links = links.filter((one) => one.id !== id)
          else if (verb === 4) links.push({ ...values, id })
          else if (verb === 5 || verb === 6) links = []
        }
        return [name, links]
      }),
    )
  }

  #followedLines(lines: Lines, commands: unknown): Lines {
    let next = lines
    for (const [verb, ref, values] of Array.isArray(commands) ? (commands as [number, number | string, Values][]) : []) {
      if (verb === 1) next = changeLine(next, String(ref), values, [])
    }
    return next
  }

  /** A change by hand, and a moment later what follows from it. */
  set(name: string, value: unknown): void {
    this.#change({ [name]: value }, [name])
    if (this.fields[name]?.follows || this.fields[name]?.inverse) this.#follow([name])
  }

  setLines(name: string, lines: Lines, changedLine?: { readonly key: string; readonly field: string }): void {
    this.#change({ [name]: lines }, [name])
    this.#follow([name], changedLine && { name, ...changedLine })
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

  /** Asks the server what else changes. Answers that a later change has overtaken are not taken. */
  #follow(names: readonly string[], line?: { name: string; key: string; field: string }): void {
    const asked = ++this.#asked
    const wait = 140
    this.#pending = new Promise((resolve) => setTimeout(resolve, wait))
      .then(async () => {
        if (asked !== this.#asked) return
        if (line) await this.#followInLine(line, asked)
        if (!names.some((name) => this.fields[name]?.follows || this.fields[name]?.inverse)) return
        // What was chosen of computed fields is said again each time: computed anew, it would be as it was.
        const chosen = [...this.#state.changed].filter((name) => this.fields[name]?.inverse && !names.includes(name))
        const { value } = await call<{ value: Values }>(this.model, 'onchange', [
          this.#ids,
          this.#wire(true),
          [...chosen, ...names],
          this.specification,
        ])
        if (asked !== this.#asked) return
        this.#change(
          this.#linked(value, this.#state.values),
          Object.keys(value).filter((name) => !this.fields[name]?.readonly && !this.lineFields.has(name)),
        )
      })
      .catch(() => {
        // What follows is a courtesy: saving says what is wrong, and is where an outage is told.
      })
  }

  /** What follows inside the line itself: a product brings its price. */
  async #followInLine({ name, key, field }: { name: string; key: string; field: string }, asked: number): Promise<void> {
    const { relation, relation_field: back } = this.fields[name]!
    const comodel = this.views.models[relation!]
    const line = (this.#state.values[name] as Lines).lines.find((one) => one.key === key)
    if (!comodel?.fields[field]?.follows || !line) return
    const owner = { id: this.#state.id ?? 0, ...this.#wire(false) }
    const values = { ...wireLine(line, comodel.fields), ...(back ? { [back]: owner } : {}) }
    const { value } = await call<{ value: Values }>(relation!, 'onchange', [
      line.id === null ? [] : [line.id],
      values,
      [field],
      this.specification[name]!.fields ?? {},
    ])
    if (asked !== this.#asked) return
    const byHand = Object.keys(value).filter((one) => !comodel.fields[one]?.readonly)
    this.#change({ [name]: changeLine(this.#state.values[name] as Lines, key, value, byHand) }, [name])
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

  /** Saves against the version that was read: a Refusal that `isConflict` where somebody else was first. */
  async save(): Promise<number> {
    await this.#pending
    const kwargs = {
      specification: this.specification,
      ...(this.#state.id === null ? {} : { version: this.#state.values['version'] ?? null }),
    }
    const [record] = await call<Values[]>(this.model, 'web_save', [this.#ids, this.changes()], kwargs)
    this.#put(this.#stateOf(record!))
    return record!['id'] as number
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

  /** Takes the record as read anew; unsaved changes are gone. */
  reset(record: Values): void {
    this.#put(this.#stateOf(record))
  }

  discard(): void {
    this.#asked++
    const { id, saved } = this.#state
    this.#put({ id, saved, values: saved, changed: new Set(), problems: {} })
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
