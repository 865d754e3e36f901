import { AccessError, type Env, char, integer, json } from '@erp4/orm'
import { userManager } from './groups.ts'
import { clientAction } from './models/res_users_apikeys_description.ts'
import { res_users } from './models/res_users.ts'

/**
 * Where the user is signed in, the latest first: `[{ id, agent, source, created, seen, current }]`, times in UTC. Asked about oneself by
 * anybody, about others by who manages them.
 */
export const devices = res_users.action(
  'devices',
  { needs: 'read', readonly: true, returns: json({ required: true }) },
  async ({ env, ids }) => {
    const found = await env.call.accounts?.devicesOf(env.cx, ownOrManaged(env, ids))
    return (found ?? []).map((device) => ({ ...device }))
  },
)

/**
 * Signs the user out on one device, by the id that `devices` told, or, without one, on all but the device that asks. Answers how many
 * sessions ended. Whoever may change the user may do it.
 */
export const end_sessions = res_users.action(
  'end_sessions',
  { needs: 'write', args: { device: char() }, returns: integer({ required: true }) },
  async ({ env, ids }, { device }) => {
    const user = ownOrManaged(env, ids)
    return (await env.call.accounts?.endSessions(env.cx, { user, device: device || null, by: env.user.id })) ?? 0
  },
)

/** Opens the list of them, for the user's form. */
export const open_devices = res_users.action('open_devices', { needs: 'write', readonly: true, returns: json() }, async ({ ids }) =>
  clientAction('user_devices', { user: ids[0] ?? null }),
)

function ownOrManaged(env: Env, ids: readonly number[]): number {
  const [user] = ids
  if (user === undefined || ids.length > 1 || (user !== env.user.id && !env.isIn(userManager)))
    throw new AccessError(env.t('Devices are shown to their owner and to administrators, one user at a time.'))
  return user
}
