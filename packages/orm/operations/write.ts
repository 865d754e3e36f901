import type { Rule } from '../access.ts'
import { and } from '../domain.ts'
import type { Env } from '../env.ts'
import { ConflictError } from '../errors.ts'
import type { FieldInfo, Model } from '../registry.ts'
import { conditionOf, decidingLinks, freezesOf, ruleFor } from '../rules.ts'
import { auditRows, writtenChange } from '../sql/audit.ts'
import { compileCondition } from '../sql/condition.ts'
import { Scope } from '../sql/expression.ts'
import { type Sql, column, empty, ident, join, literal, sql } from '../sql/fragment.ts'
import { companiesAgree, linksAllowed } from '../sql/links.ts'
import { oneOf } from '../sql/ids.ts'
import { shapeName } from '../sql/names.ts'
import { recordset } from '../sql/recordset.ts'
import { applyCommands } from './apply-commands.ts'
import { type Judged, type Written, asLinkRefusal, demandJudged, judgements, listedIn, namesOf } from './create.ts'
import { followUp } from './follow.ts'
import { demandNoCircle, setPaths } from './hierarchy.ts'
import { judgeLater, judgeNow } from './judge.ts'
import { keptStatement } from './kept.ts'
import { holdRows, lockRecords, rememberLocked } from './lock.ts'
import { demandEver, readTyped } from './read.ts'
import { lockedParents, mark, rememberTargets, upwardFields } from './recompute.ts'
import { holdReferences } from './references.ts'
import { refused } from './refuse.ts'
import { type Sorted, sortValues } from './values.ts'

type Values = Record<string, unknown>

/** The version that was read, of the one record or by id. */
type Seen = number | ReadonlyMap<number, number> | null

/**
 * Changes records: locks, judges before and after, writes and records it in one statement (kernel §2.2).
 * `seen` is the version a form was read at, or that of each: when a record has moved on, ConflictError, and nothing is written.
 */
export async function writeRecords(
  env: Env,
  model: Model,
  ids: readonly number[],
  values: Values | ((id: number) => Values),
  seen: Seen = null,
): Promise<void> {
  demandEver(env, model, 'write')
  if (ids.length === 0) return
  const isUniform = typeof values !== 'function'
  const sorted = isUniform ? [await sortValues(env, model, values, 'write')] : await sortEach(env, model, ids, values)
  const of = (i: number): Sorted => (isUniform ? sorted[0]! : sorted[i]!)
  const hasColumns = sorted.some((one) => one.columns.size > 0)
  const hasLists = sorted.some((one) => one.commands.size > 0)
  const freezes = freezesOf(env, model, new Set(sorted.flatMap(givenNames)))
  if (hasColumns || hasLists || seen !== null || freezes.length > 0 || sorted.every((one) => one.related.size === 0))
    await update(env, model, ids, { sorted, isUniform, seen, freezes })
  // What is shown of another record is changed through this one: by whom may change this one, hidden and missing being one here too.
  else await lockRecords(env, model, ids, 'write')
  await writeRelated(
    env,
    model,
    ids,
    ids.map((_, i) => of(i)),
  )
  await applyCommands(
    env,
    model,
    ids.map((id, i) => ({ id, commands: of(i).commands })),
    false,
  )
  judgeLater(env, model, 'write', ids, listedIn(sorted))
  if (model.followUps.length > 0) await followUp(env, model, ids, new Set(sorted.flatMap(givenNames)), 'write')
}

const givenNames = ({ columns, commands, related }: Sorted): string[] =>
  [columns, commands, related].flatMap((given) => [...given.keys()].map((field) => field.name))

async function sortEach(env: Env, model: Model, ids: readonly number[], values: (id: number) => Values): Promise<Sorted[]> {
  const all: Sorted[] = []
  for (const id of ids) all.push(await sortValues(env, model, values(id), 'write'))
  return all
}

async function update(
  env: Env,
  model: Model,
  ids: readonly number[],
  { sorted, isUniform, seen, freezes }: { sorted: readonly Sorted[]; isUniform: boolean; seen: Seen; freezes: readonly Rule[] },
): Promise<void> {
  const { call } = env
  const fields = [...new Set(sorted.flatMap((one) => [...one.columns.keys()]))]
  const rows = JSON.stringify(
    sorted.map((one, i) => ({
      ...(isUniform ? {} : { id: ids[i], given: [...one.columns.keys()].map((field) => field.name) }),
      ...Object.fromEntries([...one.columns].map(([field, value]) => [field.column, value])),
    })),
  )
  await lockParents(env, model, fields, ids, sorted)
  await holdReferences(env, model, sorted)
  const links = new Set(sorted.flatMap((one) => [...one.links]))
  const listed = listedIn(sorted)
  const how = seen === null ? 'whatever' : typeof seen === 'number' ? 'one version' : 'own versions'
  const versions = seen instanceof Map ? ids.map((id) => seen.get(id) ?? null) : seen
  const key = `write|${model.name}|${isUniform}|${how}|${namesOf(fields)}|${namesOf(links)}|${namesOf(listed)}|${freezes.map((rule) => model.rules.indexOf(rule)).join(' ')}`
  const given = { ids, rows, seen: versions, actor: env.user.id, onBehalf: call.onBehalf, source: call.source }
  const { statement, upward } = keptStatement(env, key, given, (standIns) =>
    updating(env, model, fields, { links, listed, freezes, isUniform, how }, standIns),
  )
  const [row] = await env.cx.query<Judged & { found: number; written: number }>(statement, shapeName(statement)).catch((error: unknown) => {
    throw asLinkRefusal(env, model, error)
  })
  if (row!.found !== ids.length) throw await refused(env, model, 'write', ids, freezes)
  if (row!.written !== row!.found) throw await conflict(env, model, ids, fields)
  await demandJudged(env, model, 'write', row!, ids)
  rememberLocked(env, model, ids)
  rememberTargets(call, fields, sorted)
  const parent = fields.find((field) => field.name === 'parent_id' && field.comodel === model.name)
  if (parent) await demandNoCircle(env, model, ids)
  if (parent && model.hasPath) await setPaths(env, model, ids)
  mark(
    call,
    fields,
    ids,
    new Map(
      upward.map((field) => [field.name, ((row as any)[`up_${field.name}`.slice(0, 63)] as (number | null)[]).filter((id) => id !== null)]),
    ),
  )
}

/** What has moved on since it was read is not written. */
function asSeen(ids: readonly number[], how: Shape['how'], seen: unknown): Sql {
  if (how === 'whatever') return empty
  if (how === 'one version') return sql` and o.seen = ${seen}::int4`
  return sql` and o.seen = (${seen}::int4[])[array_position(${ids}::int4[], o.id)]`
}

interface Shape {
  readonly links: ReadonlySet<FieldInfo>
  readonly listed: ReadonlySet<FieldInfo>
  readonly freezes: readonly Rule[]
  readonly isUniform: boolean
  readonly how: 'whatever' | 'one version' | 'own versions'
}

/** The update of these fields: locks, judges before and after, writes and records it. */
function updating(
  env: Env,
  model: Model,
  fields: readonly FieldInfo[],
  { links, listed, freezes, isUniform, how }: Shape,
  given: Written & { readonly ids: readonly number[]; readonly seen: unknown },
): { statement: Sql; upward: FieldInfo[] } {
  const before = new Scope('t')
  const mayWrite = and([ruleFor(env, model, 'write'), ...freezes.map((rule) => conditionOf(env, model, rule))])
  const condition = mayWrite.kind === 'true' ? empty : sql` and ${compileCondition(env, mayWrite, before)}`
  const scope = new Scope('n')
  const rule = fields.length === 0 ? null : judgeNow(env, model, 'write', scope, listed)
  const allowed = linksAllowed(env, links, scope)
  const companies = companiesAgree(env, model, new Set(fields), scope)
  const upward = upwardFields(env.call, model, fields)
  const columns = [...new Set([...scope.used, ...fields.map((field) => field.column!), ...upward.map((field) => field.column!)])].filter(
    (name) => name !== 'id',
  )
  const old = [...new Set([...fields.map((field) => field.column!), ...upward.map((field) => field.column!)])]
  const oldList = old.length === 0 ? empty : sql`, ${join(old.map((name) => sql`t.${ident(name)} as ${oldName(name)}`))}`
  const returned = join([sql`t.id`, ...columns.map((name) => sql`t.${ident(name)}`), ...old.map((name) => sql`o.${oldName(name)}`)])
  const sets = join([
    ...fields.map((field) => sql`${ident(field.column!)} = ${writtenValue(env, field, isUniform)}`),
    sql`write_uid = ${given.actor}::int4`,
    sql`write_date = now() at time zone 'utc'`,
    sql`version = t.version + 1`,
  ])
  const source = recordset(given.rows, [
    ...(isUniform
      ? []
      : [
          { name: 'id', type: 'int4' as const },
          { name: 'given', type: 'text[]' as const },
        ]),
    ...fields.map((field) => ({ name: field.column!, field })),
  ])
  const from = fields.length === 0 ? empty : sql`, ${source} r`
  const joined = isUniform || fields.length === 0 ? empty : sql` and r.id = t.id`
  const trail =
    model.audit && fields.length > 0
      ? sql`, a as (${auditRows(given, given.actor, model.name, 'write', sql`x.change`, sql`(select n.id, ${writtenChange('n', fields)} as change from n)`)} where x.change <> '{}'::jsonb)`
      : empty
  const statement = sql`with o as materialized (select t.id, t.version as seen${oldList} from ${ident(model.table)} t where ${oneOf(sql`t.id`, given.ids)}${condition} order by t.id for no key update of t),
    n as (update ${ident(model.table)} t set ${sets} from o${from} where t.id = o.id${joined}${asSeen(given.ids, how, given.seen)} returning ${returned})${trail}
    select (select count(*)::int4 from o) as found, (select count(*)::int4 from n) as written${judgements(rule, allowed, companies)}${join(
      upward.map(
        (field) =>
          sql`, array(select unnest(array[n.${ident(field.column!)}, n.${oldName(field.column!)}]) from n) as ${ident(`up_${field.name}`.slice(0, 63))}`,
      ),
      ' ',
    )}`
  return { statement, upward }
}

const oldName = (name: string): Sql => ident(`o_${name}`.slice(0, 63))

/** The old and new targets that keep totals over these records, or decide whether they may change, are locked first, in id order. */
async function lockParents(
  env: Env,
  model: Model,
  fields: readonly FieldInfo[],
  ids: readonly number[],
  sorted: readonly Sorted[],
): Promise<void> {
  const deciding = decidingLinks(env, model, 'write', new Set(sorted.flatMap(givenNames)))
  for (const field of new Set([...lockedParents(env.call, model, fields), ...deciding])) {
    const targets = await env.cx.query<{ id: number }>(
      sql`select distinct t.${ident(field.column!)} as id from ${ident(model.table)} t where t.id = any(${ids}) and t.${ident(field.column!)} is not null`,
    )
    const given = sorted.map((one) => one.columns.get(field)).filter((id): id is number => typeof id === 'number')
    holdRows(
      env,
      env.modelOf(field.comodel!),
      [...new Set([...targets.map((row) => row.id), ...given])].sort((a, b) => a - b),
    )
  }
}

function writtenValue(env: Env, field: FieldInfo, isUniform: boolean): Sql {
  const value = column('r', field.column!)
  const stored = column('t', field.column!)
  const key = field.options.translate ? env.context.lang : field.options.companyDependent ? String(env.me.company_id) : null
  let written = value
  if (key !== null) {
    const english = field.options.translate && key !== 'en_US' ? sql`jsonb_build_object('en_US', ${value}) || ` : empty
    written = sql`case when ${value} is null then ${field.options.translate ? sql`null` : sql`${stored} - ${literal(key)}`} else ${english}coalesce(${stored}, '{}') || jsonb_build_object(${literal(key)}, ${value}) end`
  }
  return isUniform ? written : sql`case when ${field.name} = any(r.given) then ${written} else ${stored} end`
}

/** Says what is different now, so that the person can decide. */
async function conflict(env: Env, model: Model, ids: readonly number[], fields: readonly FieldInfo[]): Promise<ConflictError> {
  const [now] = await readTyped(env, model, ids.slice(0, 1), ['display_name', 'write_uid', 'write_date'])
  const when = now ? ` (${now.write_date} UTC)` : ''
  return new ConflictError(
    env.t('{name} was changed by someone else in the meantime{when}. Reload it and apply your change again.', {
      name: now?.display_name ?? env.t(model.label),
      when,
    }),
    fields.map((field) => field.name),
  )
}

/** Related fields are written where their value lives, with the caller's own rights there. */
export async function writeRelated(env: Env, model: Model, ids: readonly number[], sorted: readonly Sorted[]): Promise<void> {
  const fields = new Set(sorted.flatMap((one) => [...one.related.keys()]))
  for (const head of new Set([...fields].map((field) => field.related![0]!))) {
    const hop = model.fields.get(head)!
    const targets = new Map((await readTyped(env, model, ids, [head])).map((row) => [row.id as number, row[head] as number | null]))
    const values = new Map<number, Values>()
    ids.forEach((id, i) => {
      const target = targets.get(id)
      if (!target) return
      for (const [field, value] of sorted[i]!.related)
        if (field.related![0] === head) values.set(target, { ...values.get(target), [field.related!.slice(1).join('.')]: value })
    })
    await writeNested(env, env.modelOf(hop.comodel!), values)
  }
}

async function writeNested(env: Env, model: Model, values: ReadonlyMap<number, Values>): Promise<void> {
  // A longer chain ends one hop further: the same again from there.
  for (const [id, given] of values) {
    const [near, far] = [
      Object.entries(given).filter(([path]) => !path.includes('.')),
      Object.entries(given).filter(([path]) => path.includes('.')),
    ]
    if (near.length > 0) await writeRecords(env, model, [id], Object.fromEntries(near))
    for (const [path, value] of far) {
      const [head = '', ...rest] = path.split('.')
      const [row] = await readTyped(env, model, [id], [head])
      if (row?.[head])
        await writeNested(env, env.modelOf(model.fields.get(head)!.comodel!), new Map([[row[head] as number, { [rest.join('.')]: value }]]))
    }
  }
}
