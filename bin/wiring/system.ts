import { type Connection, type Env, type Registry, finishCall } from '@erp4/orm'
import { openSystemEnv } from '@erp4/server'

/** Runs `work` as the system, in the caller's transaction; recomputes and constraints are done when it resolves. */
export async function asSystem<T>(cx: Connection, registry: Registry, source: string, work: (sys: Env<true>) => Promise<T>): Promise<T> {
  const sys = openSystemEnv(cx, { registry, files: null, source })
  const result = await work(sys)
  await finishCall(sys)
  return result
}
