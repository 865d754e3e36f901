import type { Call } from '../call.ts'
import type { Env } from '../env.ts'
import { openSavepoint, releaseSavepoint, rollbackToSavepoint } from '../sql/savepoint.ts'
import { finishCall } from './finish.ts'
import { forgetLocks } from './lock.ts'

const depths = new WeakMap<Call, number>()

/**
 * Runs `work` to its end (computed, checked, judged) so that it can fail alone: when it throws, the database and the call are as they were
 * before it. PostgreSQL slows down with more than 60 of these in a transaction; the caller counts.
 */
export async function inSavepoint<T>(env: Env, work: () => Promise<T>): Promise<T> {
  const { call, cx } = env
  const depth = (depths.get(call) ?? 0) + 1
  // What was pending belongs to what came before, and must not be lost with this.
  await finishCall(env)
  await cx.query(openSavepoint(depth))
  depths.set(call, depth)
  try {
    const result = await work()
    await finishCall(env)
    return result
  } catch (error) {
    await cx.query(rollbackToSavepoint(depth))
    forgetPending(call)
    throw error
  } finally {
    depths.set(call, depth - 1)
    await cx.query(releaseSavepoint(depth))
  }
}

/** What the call remembers of work that did not happen. */
function forgetPending(call: Call): void {
  call.dirty.ids.clear()
  call.dirty.reached.length = 0
  call.unchecked.clear()
  call.unjudged.length = 0
  call.numbering.length = 0
  call.reasons.clear()
  call.touched.clear()
  call.installed = null
  // Locks taken since the savepoint went with it.
  forgetLocks(call)
}
