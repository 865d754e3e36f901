import type { Env } from '../env.ts'
import type { Model } from '../registry.ts'

export async function groupTyped(env: Env, model: Model, domain: unknown, by: readonly string[], aggregates: readonly string[]): Promise<unknown[]> {
  void env, model, domain, by, aggregates
  throw new Error('to be written')
}
