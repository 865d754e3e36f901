import { AccessError, type BlobStore, type Connection, type Env, type Registry, finishCall } from '@erp4/orm'
import { userById } from '../auth/index.ts'
import { openEnv, openSystemEnv } from '../env.ts'
import type { InstanceKeys } from '../hosting.ts'

/**
 * The call of a job: with the rights that its user has now, not those he had when he asked for it; null is the system itself.
 * Throws an AccessError when the user may no longer act: the job then fails, and is not tried again.
 */
export async function openJobCall(
  cx: Connection,
  instance: { registry: Registry; files: BlobStore; keys?: InstanceKeys; origin?: string },
  userId: number | null,
  name: string,
): Promise<Env> {
  const options = { ...instance, source: `job:${name}` }
  if (userId === null) return openSystemEnv(cx, options)
  const acting = await userById(cx, instance.registry, userId)
  if (!acting) throw new AccessError('The user on whose behalf this should be done may no longer sign in.')
  return openEnv(cx, acting, options)
}

/** Recomputes, constraints and the judging of rights, as at the end of any call. */
export async function closeJobCall(env: Env | null): Promise<void> {
  if (env) await finishCall(env)
}
