import type { Operation } from '../access.ts'
import type { Env } from '../env.ts'
import { AccessError } from '../errors.ts'
import type { Model } from '../registry.ts'
import { ruleFor } from '../rules.ts'
import { compileCondition } from '../sql/condition.ts'
import { Scope } from '../sql/expression.ts'
import { empty, ident, sql } from '../sql/fragment.ts'
import { oneOf } from '../sql/ids.ts'
import { shapeName } from '../sql/names.ts'
import { restsOnComputed } from './judge.ts'
import { demandEver } from './read.ts'
import { flush } from './recompute.ts'
import { refused } from './refuse.ts'

const refusals: Record<Operation, string> = {
  read: "You may not read these '{model}' ({name}) records, or they no longer exist.",
  name: "You may not read these '{model}' ({name}) records, or they no longer exist.",
  create: "You may not create these '{model}' ({name}) records, or they no longer exist.",
  write: "You may not modify these '{model}' ({name}) records, or they no longer exist.",
  unlink: "You may not delete these '{model}' ({name}) records, or they no longer exist.",
}

/** One text for hidden and for missing records, so that asking tells nothing (kernel §3). */
export function refusal(env: Env, model: Model, operation: Operation): AccessError {
  return new AccessError(env.t(refusals[operation], { model: env.t(model.label), name: model.name }))
}

/** The access check that locks: rows in id order, `for no key update`, so that what is read afterwards is what will be changed (kernel §2.4). */
export async function lockRecords(env: Env, model: Model, ids: readonly number[], operation: 'write' | 'unlink'): Promise<void> {
  demandEver(env, model, operation)
  await flush(env)
  if (ids.length === 0) return
  const scope = new Scope('t')
  const rule = ruleFor(env, model, operation)
  const where = rule.kind === 'true' ? empty : sql` and ${compileCondition(env, rule, scope)}`
  const statement = sql`select t.id from ${ident(model.table)} t where ${oneOf(sql`t.id`, ids)}${where} order by t.id for no key update of t`
  const rows = await env.cx.query<{ id: number }>(statement, shapeName(statement))
  if (rows.length !== new Set(ids).size) throw await refused(env, model, operation, ids)
  rememberLocked(env, model, ids)
}

/** Like `lockRecords`, for operations that change nothing. */
export async function checkIds(env: Env, model: Model, ids: readonly number[], operation: Operation): Promise<void> {
  if (operation !== 'name') demandEver(env, model, operation)
  const rule = ruleFor(env, model, operation)
  if (ids.length === 0 || operation === 'create') return
  if (restsOnComputed(rule)) await flush(env)
  const scope = new Scope('t')
  const where = rule.kind === 'true' ? empty : sql` and ${compileCondition(env, rule, scope)}`
  const statement = sql`select count(*)::int4 as n from ${ident(model.table)} t where ${oneOf(sql`t.id`, ids)}${where}`
  const [row] = await env.cx.query<{ n: number }>(statement, shapeName(statement))
  if (row!.n !== new Set(ids).size) throw refusal(env, model, operation)
}

const locked = new WeakMap<Env['call'], Map<Model, Set<number>>>()

/** Rows this call holds already: created, written or locked by it. */
export function rememberLocked(env: Env, model: Model, ids: readonly number[]): void {
  const all = locked.get(env.call) ?? new Map<Model, Set<number>>()
  locked.set(env.call, all)
  const mine = all.get(model) ?? new Set<number>()
  all.set(model, mine)
  for (const id of ids) mine.add(id)
}

/** After a rollback to a savepoint nobody knows which locks are left: all are taken again where they are needed. */
export const forgetLocks = (call: Env['call']): void => {
  locked.delete(call)
}

/** Locks those rows that this call does not hold yet, whatever the rules say: for recomputes, which the system does. What is sent next finds them held. */
export function holdRows(env: Env, model: Model, ids: readonly number[]): void {
  const mine = locked.get(env.call)?.get(model)
  const free = mine ? ids.filter((id) => !mine.has(id)) : ids
  if (free.length === 0) return
  const statement = sql`select from ${ident(model.table)} t where ${oneOf(sql`t.id`, free)} order by t.id for no key update`
  env.cx.send(statement, shapeName(statement))
  rememberLocked(env, model, free)
}
