import type { Group } from './access.ts'
import type { Env } from './env.ts'
import { callMethod } from './methods/index.ts'
import { mayEver } from './rules.ts'
import type { Domain, ModelName } from './types.ts'

/** One of the things to do first with an app: on the home page, until it is done. */
export interface Step {
  readonly label: string
  readonly hint: string
  readonly model: string
  /** Done when a record fits this, or, without it, when somebody has made a record: the system's own and the examples do not count. */
  readonly where?: readonly unknown[]
  /** A new record, or the list. */
  readonly opens: 'new' | 'list'
  readonly groups?: readonly Group[]
}

/** `step('Write your first quotation', 'sale.order', { hint: 'A customer and a product are enough.' })`, in an app's `steps`. */
export const step = <N extends ModelName>(
  label: string,
  model: N,
  options: { hint: string; where?: Domain<N>; opens?: 'new' | 'list'; groups?: readonly Group[] },
): Step => ({ label, model, ...options, opens: options.opens ?? 'new' })

/** The first steps of an app as its user sees them. */
export interface FirstSteps {
  readonly app: string
  readonly steps: readonly {
    readonly label: string
    readonly hint: string
    readonly model: string
    readonly opens: 'new' | 'list'
    readonly isDone: boolean
  }[]
}

const systemUser = 1

/** What this user may do first in each app, and whether it is done, as far as he can see it. Apps with nothing left to do are left out. */
export async function firstSteps(env: Env): Promise<FirstSteps[]> {
  const found: FirstSteps[] = []
  for (const app of env.registry.apps) {
    const mine = app.steps.filter((one) => isFor(env, one))
    const steps = []
    for (const { label, hint, model, opens, where } of mine)
      steps.push({ label: env.t(label), hint: env.t(hint), model, opens, isDone: await isDone(env, model, where) })
    if (steps.some((one) => !one.isDone)) found.push({ app: env.t(app.label), steps })
  }
  return found
}

function isFor(env: Env, { model, opens, groups }: Step): boolean {
  const known = env.registry.models.get(model)
  return (
    known !== undefined &&
    mayEver(env, known, 'read') &&
    mayEver(env, known, opens === 'new' ? 'create' : 'write') &&
    (!groups || groups.some((group) => env.isIn(group)))
  )
}

async function isDone(env: Env, model: string, where: Step['where']): Promise<boolean> {
  const domain = where ?? [['create_uid', '!=', systemUser]]
  return (await callMethod(env, { model, method: 'search_count', args: [domain], kwargs: { limit: 1 } })) !== 0
}
