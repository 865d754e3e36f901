import { invite, portal, userManager } from '@erp4/base'
import { post } from '@erp4/mail'
import { AccessError, type Env, IdentityError, UserError, extend, json } from '@erp4/orm'
import { paragraphs } from './correspondence.ts'

// Who of the contacts signs in to the portal. Whoever gives access decides who reads a customer's documents: it takes the right to manage users.

const extension = extend('res.partner', { fields: {} })
export const res_partner_access = extension

type State =
  /** Was never given access. */
  | 'never'
  /** Was sent an invitation, and has not chosen a password. */
  | 'invited'
  | 'active'
  /** Had it once. */
  | 'revoked'
  /** Works here: he signs in as that. */
  | 'colleague'

/**
 * `{ state, name, email, login, linkEnds, lastSeen, mayChange }` of one contact, for colleagues: `linkEnds` of an invitation that is still good,
 * times in UTC.
 */
export const portal_access = extension.action(
  'portal_access',
  { needs: 'read', readonly: true, returns: json({ required: true }) },
  async ({ env, ids }) => {
    if (!env.isIn('base.group_user')) throw new AccessError(env.t('Only colleagues see who has access to the portal.'))
    return (await accessOf(env, one(env, ids))) as never
  },
)

/** Opens the dialogue in which access is given and taken. */
export const action_portal_access = extension.action(
  'action_portal_access',
  { needs: 'read', readonly: true, returns: json({ required: true }) },
  async ({ env, ids }) => ({ type: 'ir.actions.client', tag: 'portal.access', params: { id: one(env, ids) } }),
)

/**
 * Lets a contact into the portal: he gets an invitation by mail, and sees the documents of his company once he has chosen a password. Whoever
 * had access before gets it anew, without his old password; whoever was invited gets another link. Answers what `portal_access` does.
 * @throws AccessError for who does not manage users; UserError for a contact without an address, or one who works here
 */
export const action_grant_portal = extension.action(
  'action_grant_portal',
  { needs: 'read', returns: json({ required: true }) },
  async ({ env, ids }) => {
    const id = one(env, ids)
    demandManager(env)
    const user = await env.asSystem('a contact becomes a portal user by this method only', async (sys) => {
      await sys.model('res.partner').browse([id]).lock()
      return letIn(sys, id)
    })
    const sent = await invite(env, [user])
    if (sent.length === 0) throw new UserError(env.t('No mail was sent: three within the hour are enough. Please try again later.'))
    return (await accessOf(env, id)) as never
  },
)

/**
 * Takes access away at once: his sessions end, and his password, keys and links open nothing any more. What he wrote and signed stays. Answers
 * what `portal_access` does.
 */
export const action_revoke_portal = extension.action(
  'action_revoke_portal',
  { needs: 'read', returns: json({ required: true }) },
  async ({ env, ids }) => {
    const id = one(env, ids)
    demandManager(env)
    await env.asSystem('a portal user is shut out by this method only', async (sys) => {
      const user = await userOf(sys, id)
      if (!user || !user.active || !user.share) throw new UserError(sys.t('This contact has no access to the portal.'))
      await sys.model('res.users').browse([user.id]).write({ active: false, password: null })
      const keys = await sys.model('res.users.apikeys').search([['user_id', '=', user.id]])
      await keys.unlink()
      await note(sys, id, sys.t('Access to the portal was taken away from {login}.', { login: user.login }))
    })
    return (await accessOf(env, id)) as never
  },
)

async function letIn(sys: Env<true>, id: number): Promise<number> {
  const [partner] = await sys
    .model('res.partner')
    .browse([id])
    .read(['name', 'display_name', 'email_normalized', 'lang', 'tz', 'company_id', 'active'])
  const name = partner?.display_name ?? ''
  if (!partner?.active) throw new UserError(sys.t('{name} is archived.', { name }))
  const login = partner.email_normalized
  if (!login) throw new UserError(sys.t('{name} has no mail address to send an invitation to.', { name }))
  const known = await userOf(sys, id)
  if (known?.active && !known.share) throw new UserError(sys.t('{name} works here, and signs in as that.', { name }))
  if (known?.active) return known.id
  const [group] = (await sys.model('res.groups').search([['key', '=', portal.name]])).ids
  const values = { login, group_ids: [['set', [group!]]], active: true, password: null } as const
  await note(sys, id, sys.t('Access to the portal was given to {login}.', { login }))
  if (known) {
    await sys.model('res.users').browse([known.id]).write(values)
    return known.id
  }
  const company = partner.company_id ?? sys.me.company_id
  const made = await sys.model('res.users').create({
    ...values,
    partner_id: id,
    lang: partner.lang ?? 'en_US',
    tz: partner.tz ?? 'UTC',
    company_id: company,
    company_ids: [['set', [company]]],
  } as never)
  return made.ids[0]!
}

/** Who signs in as this contact, or did: somebody who still may before those who may not any more. */
async function userOf(sys: Env<true>, partner: number) {
  const users = await sys
    .withContext({ active_test: false })
    .model('res.users')
    .find([['partner_id', '=', partner]], ['login', 'active', 'share'], { order: 'active desc, id desc', limit: 1 })
  return users[0]
}

async function accessOf(env: Env, id: number): Promise<{ readonly state: State; readonly [key: string]: unknown }> {
  const [partner] = await env.model('res.partner').browse([id]).read(['display_name', 'email_normalized'])
  const found = await env.asSystem('colleagues see whether a contact signs in', async (sys) => {
    const user = await userOf(sys, id)
    const standing = user && (await sys.call.accounts?.standingOf(sys.cx, user.id))
    return user ? { login: user.login, active: user.active, share: user.share, ...standing } : null
  })
  const state: State = !found ? 'never' : !found.active ? 'revoked' : !found.share ? 'colleague' : found.hasPassword ? 'active' : 'invited'
  return {
    state,
    name: partner?.display_name ?? '',
    email: partner?.email_normalized ?? null,
    login: found?.login ?? null,
    linkEnds: (state === 'invited' && found?.linkEnds) || null,
    lastSeen: (state === 'active' && found?.lastSeen) || null,
    mayChange: env.isIn(userManager),
  }
}

function one(env: Env, [id, ...others]: readonly number[]): number {
  if (id === undefined || others.length > 0) throw new UserError(env.t('One contact at a time.'))
  return id
}

function demandManager(env: Env): void {
  if (!env.isIn(userManager)) throw new AccessError(env.t('Access to the portal is given and taken by who manages users.'))
  // As the fields of users ask it (`prove` in apps/base/access.ts), which are written by the system here.
  if (!env.call.isProven) throw new IdentityError(env.t('This takes your password: it changes who may do what.'))
}

const note = (sys: Env<true>, id: number, text: string): Promise<unknown> =>
  post(sys, { model: 'res.partner', id }, { kind: 'note', type: 'notification', body: paragraphs(text) })
