import { type Connection, Env, type Registry, type User, finishCall, openCall } from '@erp4/orm'

/** The system itself: user 1 of the standard data, who is there before his row is. */
const root: User = {
  id: 1,
  login: '__system__',
  name: 'System',
  partner_id: 2,
  commercial_partner_id: 2,
  company_id: 1,
  company_ids: [1],
  groups: new Set(),
  lang: 'en_US',
  tz: 'UTC',
}

/** Runs `work` as the system, in the caller's transaction; recomputes and constraints are done when it resolves. */
export async function asSystem<T>(cx: Connection, registry: Registry, source: string, work: (sys: Env<true>) => Promise<T>): Promise<T> {
  const context = { lang: 'en_US', tz: 'UTC', allowed_company_ids: [1], active_test: true }
  const sys = new Env(openCall({ registry, cx, source }), root, context, true)
  const result = await work(sys)
  await finishCall(sys)
  return result
}
