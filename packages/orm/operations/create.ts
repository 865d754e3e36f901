import type { Env } from '../env.ts'
import { UserError, ValidationError } from '../errors.ts'
import { fieldLabel } from '../labels.ts'
import type { FieldInfo, Model } from '../registry.ts'
import { auditRows, createdChange } from '../sql/audit.ts'
import { Scope } from '../sql/expression.ts'
import { type Sql, column, empty, ident, join, literal, sql } from '../sql/fragment.ts'
import { companiesAgree, linksAllowed } from '../sql/links.ts'
import { shapeName } from '../sql/names.ts'
import { numberedRecordset } from '../sql/recordset.ts'
import { applyCommands } from './apply-commands.ts'
import { followUp, prepared } from './follow.ts'
import { setPaths } from './hierarchy.ts'
import { judgeLater, judgeNow } from './judge.ts'
import { keptStatement } from './kept.ts'
import { holdRows, rememberLocked } from './lock.ts'
import { demandEver } from './read.ts'
import { lockedByCreation, markCreated, rememberTargets, upwardFields } from './recompute.ts'
import { holdReferences } from './references.ts'
import { linkRefusal, refused } from './refuse.ts'
import { type Sorted, sortValues, toColumn } from './values.ts'
import { writeRelated } from './write.ts'

const atOnce = 5000

/** Makes records, all or none; ids in the order of `list`. One insert whatever the number, and the rules are judged in it. */
export async function createRecords(
  env: Env,
  model: Model,
  list: readonly Record<string, unknown>[],
  trusted: readonly string[] = [],
): Promise<number[]> {
  demandEver(env, model, 'create')
  if (list.length === 0) return []
  if (list.length > atOnce) {
    const first = await createRecords(env, model, list.slice(0, atOnce), trusted)
    return [...first, ...(await createRecords(env, model, list.slice(atOnce), trusted))]
  }
  const given = await prepared(env, model, withWishes(env, model, list))
  const defaults = await defaultsFor(env, model, given)
  const sorted: Sorted[] = []
  for (const values of given) sorted.push(await sortValues(env, model, { ...defaults.lists, ...values }, 'create'))
  for (const one of sorted) for (const [field, value] of defaults.columns) if (!one.columns.has(field)) one.columns.set(field, value)
  for (const one of sorted) demandRequired(env, model, one)
  const ids = await insert(env, model, sorted, trusted)
  await writeRelated(env, model, ids, sorted)
  await applyCommands(
    env,
    model,
    ids.map((id, i) => ({ id, commands: sorted[i]!.commands })),
    true,
  )
  judgeLater(env, model, 'create', ids, listedIn(sorted))
  await followUp(env, model, ids, new Set(given.flatMap((values) => Object.keys(values))), 'create')
  return ids
}

/** What is wrong with the values of each record by themselves: found before a statement runs, so that an import can name its rows. Null where nothing is. */
export async function faultsOf(env: Env, model: Model, list: readonly Record<string, unknown>[]): Promise<(Error | null)[]> {
  const given = await prepared(env, model, withWishes(env, model, list))
  const defaults = await defaultsFor(env, model, given)
  const faults: (Error | null)[] = []
  for (const values of given) faults.push(await faultOf(env, model, { ...defaults.lists, ...values }, defaults))
  return faults
}

async function faultOf(env: Env, model: Model, values: Record<string, unknown>, defaults: Defaults): Promise<Error | null> {
  try {
    const one = await sortValues(env, model, values, 'create')
    for (const [field, value] of defaults.columns) if (!one.columns.has(field)) one.columns.set(field, value)
    demandRequired(env, model, one)
    return null
  } catch (error) {
    if (error instanceof UserError) return error
    throw error
  }
}

/** The lists that commands will still fill. */
export const listedIn = (sorted: readonly Sorted[]): Set<FieldInfo> => new Set(sorted.flatMap((one) => [...one.commands.keys()]))

interface Defaults {
  readonly columns: ReadonlyMap<FieldInfo, unknown>
  /** Of lists: what to fill them with. */
  readonly lists: Readonly<Record<string, unknown>>
}

/** With `default_…` of the context, which count as given by the caller: whatever completes, checks or follows what is given sees them too. */
function withWishes(env: Env, model: Model, list: readonly Record<string, unknown>[]): readonly Record<string, unknown>[] {
  // The context is the caller's: what the system makes for itself takes no wishes from it.
  if (env.isSystem) return list
  const wishes = Object.entries(env.context).flatMap(([key, value]) => {
    const field = key.startsWith('default_') ? model.fields.get(key.slice(8)) : undefined
    return field && !field.computed ? [[field.name, value] as const] : []
  })
  return wishes.length === 0 ? list : list.map((values) => ({ ...Object.fromEntries(wishes), ...values }))
}

/** Declared defaults, asked once for the batch. */
async function defaultsFor(env: Env, model: Model, list: readonly Record<string, unknown>[]): Promise<Defaults> {
  const columns = new Map<FieldInfo, unknown>()
  const lists: Record<string, unknown> = {}
  for (const field of model.fields.values()) {
    if (field.options.default === undefined || list.every((values) => field.name in values)) continue
    const declared = field.options.default
    const value: unknown = typeof declared === 'function' ? await declared(env) : declared
    if (value === undefined || value === null) continue
    if (field.column) columns.set(field, await toColumn(env, field, value))
    else lists[field.name] = value
  }
  return { columns, lists }
}

function demandRequired(env: Env, model: Model, { columns }: Sorted): void {
  const missing = requiredOf(model).filter((field) => (columns.get(field) ?? null) === null)
  if (missing.length > 0)
    throw new ValidationError(
      env.t('{field} is required.', { field: `${missing.map((field) => fieldLabel(env, field)).join(', ')} (${env.t(model.label)})` }),
    )
}

const required = new WeakMap<Model, readonly FieldInfo[]>()

function requiredOf(model: Model): readonly FieldInfo[] {
  const known = required.get(model)
  if (known) return known
  const found = [...model.fields.values()].filter(
    (field) =>
      field.column &&
      field.options.required &&
      !field.computed &&
      !field.options.companyDependent &&
      !field.magic &&
      field.kind !== 'boolean',
  )
  required.set(model, found)
  return found
}

async function insert(env: Env, model: Model, sorted: readonly Sorted[], trusted: readonly string[]): Promise<number[]> {
  const { call } = env
  const fields = [...new Set(sorted.flatMap((one) => [...one.columns.keys()]))]
  const rows = JSON.stringify(sorted.map(rowOf))
  lockParents(env, model, fields, sorted)
  await holdReferences(env, model, sorted)
  const links = new Set(sorted.flatMap((one) => [...one.links]).filter((field) => !trusted.includes(field.name)))
  const listed = listedIn(sorted)
  const key = `create|${model.name}|${namesOf(fields)}|${namesOf(links)}|${namesOf(listed)}`
  const given = { rows, actor: env.user.id, onBehalf: call.onBehalf, source: call.source }
  const { statement, upward } = keptStatement(env, key, given, (standIns) => insertion(env, model, fields, { links, listed }, standIns))
  const [row] = await env.cx.query<Judged & { ids: number[] }>(statement, shapeName(statement)).catch((error: unknown) => {
    throw asLinkRefusal(env, model, error)
  })
  await demandJudged(env, model, 'create', row!, row!.ids)
  rememberLocked(env, model, row!.ids)
  rememberTargets(call, fields, sorted)
  if (model.hasPath) await setPaths(env, model, row!.ids)
  markCreated(
    call,
    model,
    row!.ids,
    new Map(upward.map((field) => [field.name, (row as any)[`up_${field.name}`.slice(0, 63)] as number[]])),
  )
  return row!.ids
}

function rowOf({ columns }: Sorted): Record<string, unknown> {
  const row: Record<string, unknown> = {}
  for (const [field, value] of columns) row[field.column!] = value
  return row
}

export const namesOf = (fields: Iterable<FieldInfo>): string => [...fields].map((field) => field.name).join(' ')

/** What a statement that writes is given with each call: the rows as JSON, and who writes them. */
export type Written = {
  readonly rows: string
  readonly actor: number
  readonly onBehalf: number | null
  readonly source: string
}

/** The insert of rows with these fields, with the trail and the judgement of rules, links and companies in it. */
function insertion(
  env: Env,
  model: Model,
  fields: readonly FieldInfo[],
  { links, listed }: { links: ReadonlySet<FieldInfo>; listed: ReadonlySet<FieldInfo> },
  given: Written,
): { statement: Sql; upward: FieldInfo[] } {
  const scope = new Scope('n')
  const rule = judgeNow(env, model, 'create', scope, listed)
  const allowed = linksAllowed(env, links, scope)
  const companies = companiesAgree(env, model, new Set(fields), scope)
  const upward = upwardFields(env.call, model, model.fields.values())
  for (const field of fields) scope.column(field.column!)
  for (const field of upward) scope.column(field.column!)
  const names = join([sql`create_uid`, sql`write_uid`, ...fields.map((field) => ident(field.column!))])
  const values = join([sql`${given.actor}::int4`, sql`${given.actor}::int4`, ...fields.map((field) => insertedValue(env, field))])
  const returned = join([...new Set(['id', ...scope.used])].map((name) => sql`t.${ident(name)}`))
  const trail = model.audit
    ? sql`, a as (${auditRows(given, given.actor, model.name, 'create', createdChange('x', fields), sql`n`)})`
    : empty
  const statement = sql`with n as (insert into ${ident(model.table)} as t (${names}) select ${values} from ${numberedRecordset(
    given.rows,
    fields.map((field) => ({ name: field.column!, field })),
  )} r order by r.n returning ${returned})${trail}
    select array(select id from n order by id) as ids${judgements(rule, allowed, companies)}${join(
      upward.map(
        (field) =>
          sql`, array(select distinct n.${ident(field.column!)} from n where n.${ident(field.column!)} is not null) as ${ident(`up_${field.name}`.slice(0, 63))}`,
      ),
      ' ',
    )}`
  return { statement, upward }
}

/** Whoever keeps totals over these records is locked before they appear: later would serialise worse (kernel §2.4). */
function lockParents(env: Env, model: Model, fields: readonly FieldInfo[], sorted: readonly Sorted[]): void {
  for (const field of lockedByCreation(env.call, model)) {
    if (!fields.includes(field)) continue
    const ids = new Set(sorted.map(({ columns }) => columns.get(field)).filter((id): id is number => typeof id === 'number'))
    holdRows(
      env,
      env.modelOf(field.comodel!),
      [...ids].sort((a, b) => a - b),
    )
  }
}

/** A translated value stands for English too, until somebody writes that; a company-dependent one is the current company's. */
function insertedValue(env: Env, field: FieldInfo): Sql {
  const value = column('r', field.column!)
  const { lang } = env.context
  if (field.options.translate)
    return sql`case when ${value} is not null then jsonb_build_object('en_US', ${value}${lang === 'en_US' ? empty : sql`, ${literal(lang)}, ${value}`}) end`
  if (field.options.companyDependent)
    return sql`case when ${value} is not null then jsonb_build_object(${literal(String(env.me.company_id))}, ${value}) end`
  return field.kind === 'boolean' ? sql`coalesce(${value}, false)` : value
}

export interface Judged {
  allowed?: boolean
  links?: boolean
  companies?: boolean
}

/** The columns that say whether what was written may stand. */
export function judgements(rule: Sql | null, links: Sql | null, companies: Sql | null): Sql {
  return sql`${rule ? sql`, (select coalesce(bool_and(${rule}), true) from n) as allowed` : empty}${links ? sql`, (select coalesce(bool_and(${links}), true) from n) as links` : empty}${companies ? sql`, (select coalesce(bool_and(${companies}), true) from n) as companies` : empty}`
}

export async function demandJudged(
  env: Env,
  model: Model,
  operation: 'create' | 'write',
  row: Judged,
  ids: readonly number[],
): Promise<void> {
  // The link first: a missing target is refused by the database before anything is judged, and a hidden one must sound the same.
  if (row.links === false) throw linkRefusal(env, model)
  if (row.allowed === false) throw await refused(env, model, operation, ids)
  if (row.companies === false)
    throw new UserError(env.t("This '{model}' refers to a record of another company.", { model: env.t(model.label) }))
}

/** The database finds a missing target before we find a hidden one: both must sound the same. */
export const asLinkRefusal = (env: Env, model: Model, error: unknown): unknown =>
  (error as { code?: string }).code === '23503' ? linkRefusal(env, model) : error
