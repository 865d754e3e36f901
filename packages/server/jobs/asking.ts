import type { JobArguments, Jobs } from '@erp4/orm'
import { recallJobs } from '../sql/jobs.ts'
import { enqueue } from './queue.ts'

/** What apps ask for slow work by (`env.call.jobs`). */
export const asking: Jobs = {
  ask: (cx, name, args, { user, afterSeconds } = {}) =>
    enqueue(cx, {
      name,
      args,
      userId: user ?? null,
      ...(afterSeconds === undefined ? {} : { runAt: new Date(Date.now() + afterSeconds * 1000) }),
    }),

  async recall(cx, numbers, { name, args }) {
    const rows = await cx.query<{ args: JobArguments }>(recallJobs(numbers, name, JSON.stringify(args)))
    return rows.map((row) => row.args)
  },
}
