import type { Jobs } from '@erp4/orm'
import { enqueue } from './queue.ts'

/** What apps ask for slow work by (`env.call.jobs`). */
export const asking: Jobs = {
  ask: (cx, name, args, userId) => enqueue(cx, { name, args, userId: userId ?? null }),
}
