import { type Env, computeNext, spokenFields } from '@erp4/orm'
import { jobs } from './registry.ts'

/**
 * Computes the texts that are kept in each language, such as names of products, where one was made active: what `env.call.jobs` knows as
 * `base.languages`. A thousand records at a time; begun again, it finds what was done and writes nothing.
 */
jobs.register('base.languages', {
  class: 'bulk',
  maxAttempts: 6,
  async runSteps({ transaction, progress }) {
    const fields = await transaction(async ({ env }) => spokenFields(env!.registry))
    let done = 0
    for (const [model, own] of Map.groupBy(fields, (field) => field.model)) {
      for (let last: number | null = 0; last !== null;) {
        const from: number = last
        last = await transaction(({ env }): Promise<number | null> => {
          if (!env?.isSystem) throw new Error('Languages are filled in by the system.')
          return computeNext(env as Env<true>, model, own, from)
        })
        await progress(++done)
      }
    }
    return { done }
  },
})
