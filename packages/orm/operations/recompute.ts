import type { Call } from '../call.ts'
import { Decimal } from '../decimal.ts'
import { Env } from '../env.ts'
import { ValidationError } from '../errors.ts'
import type { Compute } from '../model.ts'
import type { FieldInfo, Model } from '../registry.ts'
import { type Sql, ident, join, sql } from '../sql/fragment.ts'
import { hidden, oneOf } from '../sql/ids.ts'
import { shapeName } from '../sql/names.ts'
import { type Translate, wordsOf } from '../texts.ts'
import { type Trigger, isSpoken } from '../triggers.ts'
import { keptStatement } from './kept.ts'
import { holdRows } from './lock.ts'
import { type Texts, asTexts, otherLanguages, saysTheSame, settleLanguages } from './languages.ts'
import { everyLanguage, readTyped, yes } from './read.ts'
import { type RecordColumn, recordset } from '../sql/recordset.ts'
import { type Shape, relationsIn, shapeFor } from './shape.ts'
import { toColumn } from './values.ts'

/** How often values may follow from values: the depth of the deepest hierarchy that is recomputed along its parents. */
const rounds = 200

/** Notes what follows from a change of `fields` of the records `ids`; `parents` has the old and new targets of their many2one fields, by name. */
export function mark(
  call: Call,
  fields: Iterable<FieldInfo>,
  ids: readonly number[],
  parents: ReadonlyMap<string, readonly number[]>,
): void {
  if (ids.length === 0) return
  for (const field of fields) {
    for (const trigger of call.registry.plan.triggers.get(field) ?? []) {
      const hop = trigger.path.at(-1)
      if (!hop) note(call, trigger, ids)
      else if (hop.kind === 'one2many') reach(call, trigger, trigger.path.slice(0, -1), parents.get(hop.inverse!) ?? [])
      else if (hop.kind === 'many2one')
        reach(
          call,
          trigger,
          trigger.path,
          ids.filter((id) => !isFreshAndAlone(call, hop, id)),
        )
      else reach(call, trigger, trigger.path, ids)
    }
  }
}

/** Records that this call made, and what its many2one fields were pointed at since. */
const made = new WeakMap<Call, { created: Map<Model, Set<number>>; targets: Map<FieldInfo, Set<number>> }>()

function memory(call: Call): { created: Map<Model, Set<number>>; targets: Map<FieldInfo, Set<number>> } {
  const known = made.get(call) ?? { created: new Map(), targets: new Map() }
  made.set(call, known)
  return known
}

/** Nobody else can point to a record that is not committed: looking for who does would be a statement for nothing. */
function isFreshAndAlone(call: Call, hop: FieldInfo, id: number): boolean {
  const { created, targets } = memory(call)
  return (created.get(call.registry.models.get(hop.comodel!)!)?.has(id) ?? false) && !(targets.get(hop)?.has(id) ?? false)
}

/** Notes where many2one fields were pointed by this call. */
export function rememberTargets(
  call: Call,
  fields: Iterable<FieldInfo>,
  sorted: readonly { readonly columns: ReadonlyMap<FieldInfo, unknown> }[],
): void {
  for (const field of fields) {
    if (field.kind !== 'many2one') continue
    const ids = sorted.map(({ columns }) => columns.get(field)).filter((id): id is number => typeof id === 'number')
    addAll(memory(call).targets, field, ids)
  }
}

function reach(call: Call, trigger: Trigger, path: readonly FieldInfo[], ids: readonly number[]): void {
  if (ids.length === 0) return
  if (path.length === 0) note(call, trigger, ids)
  else call.dirty.reached.push({ trigger, path, ids })
}

function note(call: Call, { model, field, constraint }: Trigger, ids: readonly number[]): void {
  if (field) addAll(call.dirty.ids, field, ids)
  else {
    const mine = call.unchecked.get(model) ?? new Map<number, Set<number>>()
    call.unchecked.set(model, mine)
    addAll(mine, constraint!, ids)
  }
}

/** Notes a stored value that is known to be wrong. */
export const markAgain = (call: Call, field: FieldInfo, ids: readonly number[]): void => addAll(call.dirty.ids, field, ids)

function addAll<K>(map: Map<K, Set<number>>, key: K, ids: readonly number[]): void {
  const known = map.get(key) ?? new Set<number>()
  map.set(key, known)
  for (const id of ids) known.add(id)
}

/** Everything that is computed or demanded of records that have just been made. */
export function markCreated(call: Call, model: Model, ids: readonly number[], parents: ReadonlyMap<string, readonly number[]>): void {
  addAll(memory(call).created, model, ids)
  const { stored, upward } = creationOf(call, model)
  for (const field of stored) addAll(call.dirty.ids, field, ids)
  for (const { trigger, inverse, path } of upward) reach(call, trigger, path, parents.get(inverse) ?? [])
  for (const index of model.constraints.keys()) note(call, { model, field: null, constraint: index, path: [] }, ids)
}

/** What follows from a new record of a model. */
interface Creation {
  readonly stored: readonly FieldInfo[]
  /** What is computed of lists that it may have come into: by the many2one that leads there, and from there on. */
  readonly upward: readonly { readonly trigger: Trigger; readonly inverse: string; readonly path: readonly FieldInfo[] }[]
  readonly locked: readonly FieldInfo[]
}

const creations = new WeakMap<Model, Creation>()

function creationOf(call: Call, model: Model): Creation {
  const known = creations.get(model)
  if (known) return known
  const fields = [...model.fields.values()]
  const made: Creation = {
    stored: fields.filter((field) => field.computed === 'stored'),
    upward: fields
      .flatMap((field) => call.registry.plan.triggers.get(field) ?? [])
      .flatMap((trigger) => {
        const hop = trigger.path.at(-1)
        return hop?.kind === 'one2many' ? [{ trigger, inverse: hop.inverse!, path: trigger.path.slice(0, -1) }] : []
      }),
    locked: lockedParents(call, model, fields),
  }
  creations.set(model, made)
  return made
}

/** Of a new record, the links to records that keep something computed from it. */
export const lockedByCreation = (call: Call, model: Model): readonly FieldInfo[] => creationOf(call, model).locked

/** The many2one fields whose targets must be known when `fields` change, since something is computed there. */
export function upwardFields(call: Call, model: Model, fields: Iterable<FieldInfo>): FieldInfo[] {
  const found = new Set<FieldInfo>()
  for (const field of fields) {
    for (const { path } of call.registry.plan.triggers.get(field) ?? []) {
      const hop = path.at(-1)
      if (hop?.kind === 'one2many') found.add(model.fields.get(hop.inverse!)!)
    }
  }
  return [...found]
}

/** Of the fields above, those whose targets keep something computed from these records: they are locked before the records change. */
export function lockedParents(call: Call, model: Model, fields: Iterable<FieldInfo>): FieldInfo[] {
  const found = new Set<FieldInfo>()
  for (const field of fields) {
    for (const trigger of call.registry.plan.triggers.get(field) ?? []) {
      const [hop] = trigger.path
      if (trigger.path.length === 1 && hop?.kind === 'one2many' && trigger.field) found.add(model.fields.get(hop.inverse!)!)
    }
  }
  return [...found]
}

/**
 * Brings every stored computed value up to date: by rank, each model's rows locked in id order before what they need is read (kernel §2.4).
 * Does nothing when nothing is dirty; called before each read and at the end of the call.
 */
export async function flush(env: Env): Promise<void> {
  const { call } = env
  if (call.flushing || (call.dirty.ids.size === 0 && call.dirty.reached.length === 0)) return
  call.flushing = true
  try {
    const system = new Env(call, env.user, { ...env.context, lang: 'en_US', active_test: true }, true)
    await settleLanguages(env)
    for (let round = 0; ; round++) {
      if (round > rounds) throw new ValidationError('These records depend on each other in a circle.')
      await resolveReached(system)
      const batch = nextBatch(call)
      if (!batch) return
      await recompute(system, batch.model, batch.fields, batch.ids)
    }
  } finally {
    call.flushing = false
  }
}

/** The dirty field of the lowest rank, and with it those of its model that wait for nothing dirty: one reading and one writing for all. */
function nextBatch(call: Call): { model: Model; fields: FieldInfo[]; ids: number[] } | null {
  const { ranks, followers } = call.registry.plan
  const rank = (field: FieldInfo): number => ranks.get(field) ?? 0
  const dirty = [...call.dirty.ids.keys()]
  if (dirty.length === 0) return null
  const first = dirty.reduce((lowest, field) => (rank(field) < rank(lowest) ? field : lowest))
  const waits = (field: FieldInfo): boolean => dirty.some((other) => other !== field && followers.get(other)?.has(field))
  const fields = dirty.filter((field) => field.model === first.model && !waits(field))
  const ids = new Set(fields.flatMap((field) => [...call.dirty.ids.get(field)!]))
  for (const field of fields) call.dirty.ids.delete(field)
  return { model: first.model, fields, ids: [...ids].sort((a, b) => a - b) }
}

async function recompute(system: Env<true>, model: Model, fields: readonly FieldInfo[], ids: readonly number[]): Promise<void> {
  const { call } = system
  const { computes, paths, spoken } = planOf(system, model, fields)
  holdRows(system, model, ids)
  const records = await readTyped(system, model, ids, paths, yes)
  const elsewhere = spoken ? await readElsewhere(system, model, ids, spoken) : []
  const t = wordsOf(system)
  const changed: { id: number; values: Record<string, unknown> }[] = []
  const movedIds = new Map<FieldInfo, number[]>()
  const moved = new Map<string, number[]>()
  for (const record of records) {
    const values: Record<string, unknown> = {}
    for (const one of computes) {
      const { field } = one
      const value = field.options.translate
        ? await inEachLanguage(system, one, record, elsewhere, t)
        : one.compute.value(one.shape(record), t)
      if (field.options.translate ? saysTheSame(value as Texts | null, record[field.name]) : isSame(value, record[field.name])) continue
      // Texts in each language are as their column keeps them already.
      const kept = value === null || value === undefined ? null : field.options.translate ? value : toColumn(system, field, value)
      values[field.name] = kept instanceof Promise ? await kept : kept
      const moving = movedIds.get(field)
      if (moving) moving.push(record.id)
      else movedIds.set(field, [record.id])
      if (field.kind === 'many2one' && typeof value === 'number') addAll(memory(call).targets, field, [value])
      if (field.kind === 'many2one') noteTargets(moved, field, [record[field.name], value as number | null])
    }
    if (Object.keys(values).length > 0) changed.push({ id: record.id, values })
  }
  if (changed.length === 0) return
  storeComputed(
    system,
    model,
    fields.filter((field) => movedIds.has(field)),
    changed,
  )
  const upward = upwardFields(call, model, movedIds.keys())
  const parents =
    upward.length === 0
      ? new Map<string, number[]>()
      : await currentTargets(
          system,
          model,
          upward,
          changed.map((one) => one.id),
        )
  for (const [name, list] of moved) parents.set(name, [...(parents.get(name) ?? []), ...list])
  for (const [field, list] of movedIds) mark(call, [field], list, parents)
}

interface Computed {
  readonly field: FieldInfo
  readonly compute: Compute
  readonly shape: Shape
  /** What it needs differs from language to language: its row, as read in another one. Null where only words do. */
  readonly abroad: Shape | null
}

interface Batch {
  readonly computes: readonly Computed[]
  readonly paths: readonly string[]
  /** What is read again in each language for texts that are kept so; null where there are none. */
  readonly spoken: readonly string[] | null
}

/** Another language: its words, and what is said in it of the records, by id. */
interface Elsewhere {
  readonly lang: string
  readonly t: Translate
  readonly rows: ReadonlyMap<number, Record<string, any>>
}

/** One reading for each other language, and none where only words differ. */
async function readElsewhere(
  system: Env<true>,
  model: Model,
  ids: readonly number[],
  spoken: readonly string[],
): Promise<readonly Elsewhere[]> {
  const languages: Elsewhere[] = []
  for (const lang of await otherLanguages(system)) {
    const there = system.withContext({ lang })
    const rows = spoken.length > 0 ? await readTyped(there, model, ids, spoken, yes) : []
    languages.push({ lang, t: wordsOf(there), rows: new Map(rows.map((row) => [row.id, row])) })
  }
  return languages
}

/** The computed text of one record in English and in every other language, as its column keeps them. */
async function inEachLanguage(
  system: Env<true>,
  { field, compute, shape, abroad }: Computed,
  record: Record<string, any>,
  elsewhere: readonly Elsewhere[],
  t: Translate,
): Promise<Texts | null> {
  const kept = async (text: unknown): Promise<string | null> =>
    text === null || text === undefined ? null : ((await toColumn(system, field, text)) as string | null)
  const said: [string, string | null][] = [['en_US', await kept(compute.value(shape(record), t))]]
  for (const { lang, t: words, rows } of elsewhere) {
    const row = abroad ? abroad(rows.get(record['id'])!) : shape(record)
    said.push([lang, await kept(compute.value(row, words))])
  }
  return asTexts(said)
}

const plans = new WeakMap<Model, Map<string, Batch>>()

/** What a batch of fields reads and works out: the same each time. */
function planOf({ registry }: Env, model: Model, fields: readonly FieldInfo[]): Batch {
  const known = plans.get(model) ?? new Map<string, Batch>()
  plans.set(model, known)
  const key = fields.map((field) => field.name).join(' ')
  const found = known.get(key)
  if (found) return found
  const needs = new Set(fields.flatMap((field) => model.computes.get(field.name)!.needs))
  const within = relationsIn(needs)
  const needsOf = (field: FieldInfo): readonly string[] => model.computes.get(field.name)!.needs
  const texts = fields.filter((field) => field.options.translate)
  const spoken = new Set(texts.filter((field) => isSpoken(model, needsOf(field), registry.models)).flatMap(needsOf))
  const abroad = relationsIn(spoken)
  const computes = fields.map((field): Computed => {
    const compute = model.computes.get(field.name)!
    const isReadAbroad = field.options.translate && isSpoken(model, compute.needs, registry.models)
    return { field, compute, shape: shapeFor(compute.needs, within), abroad: isReadAbroad ? shapeFor(compute.needs, abroad) : null }
  })
  const own = fields.map((field) => (field.options.translate ? `${field.name}.${everyLanguage}` : field.name))
  const made = { computes, paths: [...new Set([...needs, ...own])], spoken: texts.length > 0 ? [...spoken] : null }
  known.set(key, made)
  return made
}

function noteTargets(moved: Map<string, number[]>, field: FieldInfo, targets: readonly (number | null)[]): void {
  moved.set(field.name, [...(moved.get(field.name) ?? []), ...targets.filter((id) => id !== null)])
}

function isSame(a: unknown, b: unknown): boolean {
  if (a instanceof Decimal && b instanceof Decimal) return a.equals(b)
  if (a === b || (a ?? null) === (b ?? null)) return true
  return typeof a === 'object' && typeof b === 'object' && a !== null && b !== null && JSON.stringify(a) === JSON.stringify(b)
}

function storeComputed(
  system: Env<true>,
  model: Model,
  fields: readonly FieldInfo[],
  changed: readonly { id: number; values: Record<string, unknown> }[],
): void {
  // A row keeps what did not change: `given` says which fields of it did.
  const rows = changed.map(({ id, values }) => ({ id, given: Object.keys(values), ...values }))
  const given = { rows: JSON.stringify(rows) }
  const { statement } = keptStatement(system, `store|${model.name}|${fields.map((field) => field.name).join(' ')}`, given, (standIns) => ({
    statement: storing(model, fields, standIns.rows),
  }))
  system.cx.send(statement, shapeName(statement))
}

function storing(model: Model, fields: readonly FieldInfo[], rows: string): Sql {
  const sets = join(
    fields.map(
      (field) =>
        sql`${ident(field.column!)} = case when ${field.name} = any(r.given) then r.${ident(field.column!)} else t.${ident(field.column!)} end`,
    ),
  )
  return sql`update ${ident(model.table)} t set ${sets} from ${recordset(rows, [{ name: 'id', type: 'int4' }, { name: 'given', type: 'text[]' }, ...fields.map(columnOf)])} r where t.id = r.id`
}

const columnOf = (field: FieldInfo): RecordColumn =>
  field.options.translate ? { name: field.column!, type: 'jsonb' } : { name: field.column!, field }

/** Where the given many2one fields of these records point to now. */
async function currentTargets(
  system: Env<true>,
  model: Model,
  fields: readonly FieldInfo[],
  ids: readonly number[],
): Promise<Map<string, number[]>> {
  const lists = join(fields.map((field) => sql`array_remove(array_agg(distinct t.${ident(field.column!)}), null) as ${ident(field.name)}`))
  const statement = sql`select ${lists} from ${ident(model.table)} t where ${oneOf(sql`t.id`, ids)}`
  const [row] = await system.cx.query<Record<string, number[]>>(statement, shapeName(statement))
  return new Map(fields.map((field) => [field.name, row![field.name] ?? []]))
}

/** Finds the records whose paths lead to what changed: all of them in one statement. */
export async function resolveReached(env: Env): Promise<void> {
  const { call } = env
  const reached = call.dirty.reached.splice(0)
  if (reached.length === 0) return
  const lists = join(reached.map(({ path, ids }, i) => sql`array(${backwards(env, path, hidden(ids))}) as ${ident(`r${i}`)}`))
  const statement = sql`select ${lists}`
  const [row] = await env.cx.query<Record<string, (number | null)[]>>(statement, shapeName(statement))
  for (const [i, { trigger }] of reached.entries())
    note(
      call,
      trigger,
      row![`r${i}`]!.filter((id) => id !== null),
    )
}

/** The ids from which `path` leads to `ids`. */
function backwards(env: Env, path: readonly FieldInfo[], ids: Sql): Sql {
  const hop = path.at(-1)!
  const rest = path.slice(0, -1)
  const found = stepBack(env, hop, ids)
  return rest.length === 0 ? found : backwards(env, rest, sql`array(${found})`)
}

function stepBack(env: Env, hop: FieldInfo, ids: Sql): Sql {
  if (hop.kind === 'many2one') return sql`select id from ${ident(hop.model.table)} where ${ident(hop.column!)} = any(${ids})`
  if (hop.kind === 'one2many')
    return sql`select ${ident(hop.inverse!)} from ${ident(env.modelOf(hop.comodel!).table)} where id = any(${ids})`
  return sql`select ${ident(hop.links!.mine)} from ${ident(hop.links!.table)} where ${ident(hop.links!.theirs)} = any(${ids})`
}
