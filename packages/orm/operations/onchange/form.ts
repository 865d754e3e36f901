import { Decimal } from '../../decimal.ts'
import type { Env } from '../../env.ts'
import { type FieldInfo, type Model, isToMany } from '../../registry.ts'
import { mayEver, readableField } from '../../rules.ts'
import { relatedEnd } from '../../sql/expression.ts'
import { wordsOf } from '../../texts.ts'
import { computeLive, readTyped } from '../read.ts'

/** A value rests on something that this person may not see: it stays as it was until the record is saved. */
export class Unknowable extends Error {}

/** What all records of one form share. */
export interface Form {
  readonly env: Env
  /** Raised by each change, so that what was computed before is computed again. */
  changes: number
  nextKey: number
  /** Records that are only referred to, by model and id: the same for all lines. */
  readonly targets: Map<string, FormRecord>
}

export const openForm = (env: Env): Form => ({ env, changes: 0, nextKey: -1, targets: new Map() })

export type Typed = Record<string, any>

/**
 * A record as a form shows it: what is stored, as this person may read it, with his changes over it. Nothing is locked and nothing
 * written. Records that are only referred to are seen through it too, as they are stored.
 */
export class FormRecord {
  readonly form: Form
  readonly model: Model
  /** Null for a record that is not saved yet. */
  readonly id: number | null
  /** What computations see as its id: negative while there is none. */
  readonly key: number
  /** The client's name for a line that is not saved yet. */
  readonly ref: unknown
  /** Computed values follow the form; elsewhere they are what is stored. */
  readonly isEdited: boolean
  /** The record whose list this is a line of, by the field that points there. */
  readonly owner: { readonly field: string; readonly record: FormRecord } | null
  /** The person's values: ids, Decimals, texts; records for lists of lines, and for an owner that a line brought along. */
  readonly given = new Map<string, unknown>()
  /** Computed values as the client shows them: what the answer is compared with. */
  readonly shown = new Map<string, unknown>()
  readonly #stored = new Map<string, unknown>()
  readonly #computed = new Map<string, { at: number; value: unknown }>()
  #isThere = true
  /** Those that are read together with it: three hundred lines are one statement, not three hundred. */
  #siblings: readonly FormRecord[] = [this]

  constructor(form: Form, model: Model, options: { id: number | null; isEdited: boolean; ref?: unknown; owner?: FormRecord['owner'] }) {
    this.form = form
    this.model = model
    this.id = options.id
    this.key = options.id ?? form.nextKey--
    this.ref = options.ref ?? false
    this.isEdited = options.isEdited
    this.owner = options.owner ?? null
  }

  set(name: string, value: unknown): void {
    this.given.set(name, value)
    this.form.changes++
  }

  /** Lines of one list: whatever is asked of one of them is read for all. */
  static readTogether(records: readonly FormRecord[]): void {
    for (const record of records) record.#siblings = records
  }

  /** The stored values of many records in one statement. A record that brings nothing is not there for this person. */
  static async fetch(asked: readonly FormRecord[], names: readonly string[]): Promise<void> {
    const [first] = asked.filter((record) => record.id !== null)
    if (!first) return
    const wanted = names.filter((name) => asked.some((record) => record.id !== null && !record.#stored.has(name)))
    if (wanted.length === 0) return
    const records = [...new Set(asked.flatMap((record) => record.#siblings))]
    const {
      form: { env },
      model,
    } = first
    const ids = [...new Set(records.flatMap((record) => record.id ?? []))]
    const found: Typed[] = mayEver(env, model, 'read') ? await readTyped(env, model, ids, wanted) : []
    const rows = new Map(found.map((row) => [row['id'] as number, row]))
    for (const record of records) {
      if (record.id === null) continue // it begins with its defaults
      const row = rows.get(record.id)
      record.#isThere = row !== undefined
      for (const name of wanted) record.#stored.set(name, row?.[name] ?? null)
    }
  }

  async isThere(): Promise<boolean> {
    await FormRecord.fetch([this], ['id'])
    return this.#isThere
  }

  /** What the database holds, as this person may read it; of a new record what it begins with where the form does not say: its company, for who has but one. */
  async stored(field: FieldInfo): Promise<unknown> {
    if (this.id === null) return this.#default(field)
    await FormRecord.fetch([this], [field.name])
    return this.#stored.get(field.name) ?? unset(field)
  }

  async #default(field: FieldInfo): Promise<unknown> {
    if (!this.#stored.has(field.name)) {
      const { default: given } = field.options
      const value = field.kind === 'one2many' ? null : typeof given === 'function' ? await given(this.form.env) : given
      this.#stored.set(field.name, value ?? unset(field))
    }
    return this.#stored.get(field.name)
  }

  /** The value now. `strict`: as the system would compute it, so not at all where something on the way is hidden; else as this person reads. */
  async value(field: FieldInfo, strict = false): Promise<unknown> {
    const { name } = field
    if (this.given.has(name)) return this.given.get(name) ?? unset(field)
    if (this.owner?.field === name) return this.owner.record.key
    if (this.isEdited && isFollowing(field)) return this.#compute(field, strict)
    if (field.kind === 'one2many' && this.isEdited) return this.#storedLines(field)
    return this.stored(field)
  }

  /** The records of a list, kept, so that what is computed of them is computed once. */
  async #storedLines(field: FieldInfo): Promise<FormRecord[]> {
    const known = this.#stored.get(`lines ${field.name}`) as FormRecord[] | undefined
    if (known) return known
    const ids = (await this.stored(field)) as readonly number[]
    const lines = ids.map(
      (id) =>
        new FormRecord(this.form, this.form.env.modelOf(field.comodel!), {
          id,
          isEdited: true,
          owner: { field: field.inverse!, record: this },
        }),
    )
    FormRecord.readTogether(lines)
    this.#stored.set(`lines ${field.name}`, lines)
    return lines
  }

  async #compute(field: FieldInfo, strict: boolean): Promise<unknown> {
    const isStrict = strict || field.computed === 'stored'
    const key = isStrict ? `${field.name} strictly` : field.name
    const known = this.#computed.get(key)
    if (known?.at === this.form.changes) return known.value
    const compute = this.model.computes.get(field.name)
    const at = this.form.changes
    const row = await this.load(field.related ? [field.related.join('.')] : compute!.needs, isStrict)
    // Functions may rely on what is required; a form that is not filled in yet may not have it.
    if (compute && lacksRequired(this.form.env, this.model, row, compute.needs)) throw new Unknowable(`${this.model.name}.${field.name}`)
    const t = wordsOf(this.form.env)
    const value = (field.related || field.computed === 'live' ? computeLive(field, row, t) : compute!.value(row, t)) ?? unset(field)
    this.#computed.set(key, { at, value })
    return value
  }

  /** The record with these paths loaded, as functions of apps take it. Throws Unknowable. */
  async load(paths: readonly string[], strict: boolean): Promise<Typed> {
    const [loaded] = await FormRecord.loadAll([this], paths, strict)
    return loaded!
  }

  static async loadAll(records: readonly FormRecord[], paths: readonly string[], strict: boolean): Promise<Typed[]> {
    const [first] = records
    if (!first) return []
    const { model, form } = first
    const heads = new Map<FieldInfo, string[]>()
    for (const path of paths) {
      const [head = '', ...rest] = path.split('.')
      if (head === 'id') continue
      const field = readableField(form.env, model, head, !form.env.isSystem)
      if (!field) throw new Unknowable(`${model.name}.${head}`)
      heads.set(field, [...(heads.get(field) ?? []), ...(rest.length > 0 ? [rest.join('.')] : [])])
    }
    await FormRecord.fetch(records, [
      'id',
      ...[...heads.keys()].filter((field) => !first.isEdited || !isFollowing(field)).map((field) => field.name),
    ])
    const loaded: Typed[] = []
    for (const record of records) {
      const row: Typed = { id: record.key }
      for (const [field, rest] of heads)
        row[field.name] = rest.length === 0 ? bare(await record.value(field, strict)) : await record.#follow(field, rest, strict)
      loaded.push(row)
    }
    return loaded
  }

  /** A record that is only referred to. */
  static target(form: Form, model: Model, id: number): FormRecord {
    const key = `${model.name},${id}`
    const target = form.targets.get(key) ?? new FormRecord(form, model, { id, isEdited: false })
    form.targets.set(key, target)
    return target
  }

  /** What this and its siblings refer to by a field is read together as well. */
  #meet(field: FieldInfo, comodel: Model): void {
    if (this.#siblings.length < 2 || field.related) return
    const known = this.#siblings.map((one) => (one.given.has(field.name) ? one.given.get(field.name) : one.#stored.get(field.name)))
    const ids = known.flat().filter((id): id is number => typeof id === 'number' && id > 0)
    const targets = [...new Set(ids)].map((id) => FormRecord.target(this.form, comodel, id))
    if (targets.some((target) => target.#siblings.length < targets.length)) FormRecord.readTogether(targets)
  }

  async #follow(field: FieldInfo, rest: readonly string[], strict: boolean): Promise<unknown> {
    if (field.related && this.isEdited && !this.given.has(field.name)) {
      const row = await this.load(
        rest.map((path) => [...field.related!, path].join('.')),
        strict,
      )
      return field.related.reduce<any>((at, step) => at?.[step] ?? null, row) ?? unset(field)
    }
    const value = await this.value(field, strict)
    const comodel = this.form.env.modelOf((field.related ? relatedEnd(this.form.env, field) : field).comodel!)
    if (isToMany(field)) {
      this.#meet(field, comodel)
      const records = (value as readonly (number | FormRecord)[]).map((one) =>
        one instanceof FormRecord ? one : FormRecord.target(this.form, comodel, one),
      )
      await FormRecord.fetch(records, ['id'])
      return FormRecord.loadAll(
        records.filter((record) => record.#isThere),
        rest,
        strict,
      )
    }
    if (value === null) return null
    if (value instanceof FormRecord) return value.load(rest, strict)
    if (this.owner?.field === field.name) return this.owner.record.load(rest, strict)
    this.#meet(field, comodel)
    const target = FormRecord.target(this.form, comodel, value as number)
    if (await target.isThere()) return target.load(rest, strict)
    if (strict) throw new Unknowable(`${this.model.name}.${field.name}`)
    return null
  }
}

/** Computed, but not the name of a model whose records have none. */
const isFollowing = (field: FieldInfo): boolean => field.related !== null || (field.computed !== null && !field.magic)

/** Whether something required is missing on these paths of a loaded record. */
function lacksRequired(env: Env, model: Model, row: Typed, paths: readonly string[]): boolean {
  return [...Map.groupBy(paths, (path) => path.split('.')[0]!)].some(([head, own]) => {
    const field = model.fields.get(head)
    const value = row[head] ?? null
    if (!field || value === null) return field?.options.required === true
    const rest = own.flatMap((path) => (path.includes('.') ? [path.slice(head.length + 1)] : []))
    if (rest.length === 0) return false
    const comodel = env.modelOf((field.related ? relatedEnd(env, field) : field).comodel!)
    return [value].flat().some((one: Typed) => lacksRequired(env, comodel, one, rest))
  })
}

function unset(field: FieldInfo): unknown {
  return isToMany(field) ? [] : field.kind === 'boolean' ? false : null
}

/** Records as their ids. */
function bare(value: unknown): unknown {
  if (value instanceof FormRecord) return value.key
  return Array.isArray(value) ? value.map(bare) : value
}

export function isSame(a: unknown, b: unknown): boolean {
  if (a instanceof Decimal && b instanceof Decimal) return a.equals(b)
  if (a instanceof FormRecord || b instanceof FormRecord) return bare(a) === bare(b)
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((one, i) => isSame(one, b[i]))
  return (a ?? null) === (b ?? null) || (typeof a === 'object' && typeof b === 'object' && JSON.stringify(a) === JSON.stringify(b))
}
