import type { Env } from '../env.ts'
import type { Model } from '../registry.ts'
import { ruleFor } from '../rules.ts'
import { compileCondition } from '../sql/condition.ts'
import { Scope } from '../sql/expression.ts'
import { ident, sql } from '../sql/fragment.ts'
import { oneOf } from '../sql/ids.ts'
import { restsOnComputed } from './judge.ts'
import { flush } from './recompute.ts'
import { linkRefusal } from './refuse.ts'
import type { Sorted } from './values.ts'

/** The two halves of `'res.partner,7'`. */
export function splitReference(value: string): { readonly model: string; readonly id: number } {
  const at = value.lastIndexOf(',')
  return { model: value.slice(0, at), id: Number(value.slice(at + 1)) }
}

/**
 * A reference is a link that no foreign key holds: its target must be there for whoever sets it, and is held until the call ends, so that
 * whoever deletes it finds the reference. Hidden, missing and impossible targets are refused in one text, that of links.
 */
export async function holdReferences(env: Env, model: Model, sorted: readonly Sorted[]): Promise<void> {
  const targets = new Map<string, Set<number>>()
  for (const { references, columns } of sorted) {
    for (const field of references) {
      const value = columns.get(field)
      if (typeof value !== 'string') continue
      const target = splitReference(value)
      targets.set(target.model, (targets.get(target.model) ?? new Set()).add(target.id))
    }
  }
  for (const [name, ids] of [...targets].sort(([a], [b]) => (a < b ? -1 : 1)))
    if (!(await holdTargets(env, env.registry.models.get(name), [...ids]))) throw linkRefusal(env, model)
}

/** Locks the records in id order against deletion. Whether all of them are there for the caller. */
async function holdTargets(env: Env, target: Model | undefined, ids: readonly number[]): Promise<boolean> {
  if (!target || ids.some((id) => id > 2147483647)) return false
  const rule = ruleFor(env, target, 'name')
  if (restsOnComputed(rule)) await flush(env)
  const scope = new Scope('t')
  const rows = await env.cx.query(
    sql`select t.id from ${ident(target.table)} t where ${oneOf(scope.column('id'), ids)} and ${compileCondition(env, rule, scope)} order by t.id for share of t`,
  )
  return rows.length === ids.length
}
