import { Env } from '../env.ts'
import { ValidationError } from '../errors.ts'
import type { Model } from '../registry.ts'
import { auditReasons } from '../sql/audit.ts'
import { sql } from '../sql/fragment.ts'
import { judgeAll } from './judge.ts'
import { readTyped, yes } from './read.ts'
import { giveNumbers } from './numbers.ts'
import { flush, resolveReached } from './recompute.ts'
import { relationsIn, shapeFor } from './shape.ts'

/** The end of a call: everything computed, every constraint true, every right judged, uses of the system's rights recorded. Throws, and the transaction is undone. */
export async function finishCall(env: Env): Promise<void> {
  const { call } = env
  await flush(env)
  if (call.dirty.reached.length > 0) await resolveReached(env)
  await checkConstraints(env)
  await flush(env)
  await judgeAll(env)
  if (call.reasons.size > 0) await env.cx.query(auditReasons(call, env.user.id, call.reasons))
  call.reasons.clear()
  for (const counter of call.touched) await env.cx.query(bumps[counter])
  call.touched.clear()
  await giveNumbers(env)
}

const bumps = {
  rules: sql`update meta set rules = rules + 1`,
  login: sql`update meta set login = login + 1`,
  langs: sql`update meta set langs = array(select 'en_US' union all select code from res_lang where active and code <> 'en_US' order by 1)`,
}

async function checkConstraints(env: Env): Promise<void> {
  const { call } = env
  const system = new Env(call, env.user, { ...env.context, active_test: true }, true)
  for (const [model, byIndex] of call.unchecked) await checkModel(system, model, byIndex)
  call.unchecked.clear()
}

/** All constraints of a model in one read. */
async function checkModel(system: Env<true>, model: Model, byIndex: ReadonlyMap<number, ReadonlySet<number>>): Promise<void> {
  const ids = new Set([...byIndex.values()].flatMap((some) => [...some]))
  const needs = new Set([...byIndex.keys()].flatMap((index) => model.constraints[index]!.needs))
  const within = relationsIn(needs)
  const due = [...byIndex].map(([index, some]) => {
    const { holds, needs: own } = model.constraints[index]!
    return { holds, some, shape: shapeFor(own, within) }
  })
  for (const record of await readTyped(system, model, [...ids], [...needs], yes)) {
    for (const { holds, some, shape } of due) {
      const verdict = some.has(record.id) ? holds(shape(record)) : true
      if (verdict !== true) throw new ValidationError(system.t(verdict))
    }
  }
}
