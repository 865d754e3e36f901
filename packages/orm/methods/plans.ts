import type { Env } from '../env.ts'
import type { Registry } from '../registry.ts'
import type { Sql } from '../sql/fragment.ts'

/** Stand for the ids in a kept statement, of one record and of several. */
const noId = -2147483647
const oneId: readonly number[] = Object.freeze([noId])
const manyIds: readonly number[] = Object.freeze([noId, noId])

/** So many statements are kept per registry, over all instances and users that share it. */
const most = 2000
const kept = new WeakMap<Registry, Map<string, Sql>>()
const groupKeys = new WeakMap<ReadonlySet<string>, string>()

/**
 * The statement made once for each caller's rights and asked for again by `key`, with this call's ids put in. Holds no data: what varies
 * between two users with one key is nothing, since everything that rules may look at is part of it.
 */
export function planned(env: Env, key: string, ids: readonly number[], make: (ids: readonly number[]) => Sql): Sql {
  const slot = ids.length > 1 ? manyIds : oneId
  const plans = kept.get(env.registry) ?? new Map<string, Sql>()
  kept.set(env.registry, plans)
  const full = `${key}|${callerKey(env)}|${ids.length > 1}`
  let plan = plans.get(full)
  if (!plan) {
    plan = make(slot)
    if (plans.size >= most) plans.clear()
    plans.set(full, plan)
  }
  return plan.withValues((values) => values.map((value) => (value === slot ? ids : value === noId ? ids[0] : value)))
}

function callerKey({ user, context, isSystem }: Env): string {
  let groups = groupKeys.get(user.groups)
  if (groups === undefined) {
    groups = [...user.groups].sort().join(',')
    groupKeys.set(user.groups, groups)
  }
  return `${isSystem}|${user.id}|${user.partner_id}|${user.commercial_partner_id}|${user.company_id}|${context.allowed_company_ids.join(',')}|${context.lang}|${context.tz}|${context.active_test}|${groups}`
}
