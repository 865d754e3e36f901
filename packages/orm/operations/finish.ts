import { Env } from '../env.ts'
import { ValidationError } from '../errors.ts'
import type { Model } from '../registry.ts'
import { auditReasons } from '../sql/audit.ts'
import { sql } from '../sql/fragment.ts'
import { shapeName } from '../sql/names.ts'
import { judgeAll } from './judge.ts'
import { settleLanguages } from './languages.ts'
import { readTyped, yes } from './read.ts'
import { giveNumbers } from './numbers.ts'
import { flush, resolveReached } from './recompute.ts'
import { type Shape, relationsIn, shapeFor } from './shape.ts'

/** The end of a call: everything computed, every constraint true, every right judged, uses of the system's rights recorded. Throws, and the transaction is undone. */
export async function finishCall(env: Env): Promise<void> {
  const { call } = env
  await flush(env)
  if (call.dirty.reached.length > 0) await resolveReached(env)
  await checkConstraints(env)
  await flush(env)
  await judgeAll(env)
  if (call.reasons.size > 0) {
    const trail = auditReasons(call, env.user.id, call.reasons)
    env.cx.send(trail, shapeName(trail))
  }
  call.reasons.clear()
  await settleLanguages(env)
  for (const counter of call.touched) if (counter !== 'langs') await env.cx.query(bumps[counter])
  call.touched.clear()
  await giveNumbers(env)
}

const bumps = {
  rules: sql`update meta set rules = rules + 1`,
  login: sql`update meta set login = login + 1`,
  schema: sql`update meta set schema = schema + 1`,
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
  const { paths, shapes } = planOf(model, [...byIndex.keys()])
  for (const record of await readTyped(
    system,
    model,
    [...ids].sort((a, b) => a - b),
    paths,
    yes,
  )) {
    for (const [index, some] of byIndex) {
      const verdict = some.has(record.id) ? model.constraints[index]!.holds(shapes.get(index)!(record)) : true
      if (verdict !== true) throw new ValidationError(system.t(verdict))
    }
  }
}

interface Checks {
  readonly paths: readonly string[]
  readonly shapes: ReadonlyMap<number, Shape>
}

const plans = new WeakMap<Model, Map<string, Checks>>()

/** What is read for some of a model's constraints: the same each time. */
function planOf(model: Model, indexes: readonly number[]): Checks {
  const known = plans.get(model) ?? new Map<string, Checks>()
  plans.set(model, known)
  const key = indexes.join(' ')
  const found = known.get(key)
  if (found) return found
  const needs = new Set(indexes.flatMap((index) => model.constraints[index]!.needs))
  const within = relationsIn(needs)
  const made = {
    paths: [...needs],
    shapes: new Map(indexes.map((index) => [index, shapeFor(model.constraints[index]!.needs, within)])),
  }
  known.set(key, made)
  return made
}
