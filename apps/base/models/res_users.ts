import {
  AccessDenied,
  type Env,
  type ModelFields,
  Prepared,
  UserError,
  binary,
  boolean,
  char,
  html,
  integer,
  json,
  many2many,
  many2one,
  model,
  selection,
} from '@erp4/orm'
import { tellOwner } from '../account-news.ts'
import { demandAdministrator } from '../administrators.ts'
import { userManager } from '../groups.ts'
import { isIdentityConfirmed } from '../identity.ts'
import { invite } from '../invitations.ts'
import { timeZones } from '../time-zones.ts'
import { languageChoices } from './res_partner.ts'
import { clientAction } from './res_users_apikeys_description.ts'

/** Somebody who signs in. Who it is (name, mail, image) is his contact's; what he may do is his groups'. */
export const res_users = model('res.users', {
  label: 'User',
  custom: 'links',
  order: 'display_name, login',
  unique: [{ fields: ['login'], fold: true, message: 'Another user has this login already.' }],
  fields: {
    login: char({ required: true, copy: false, help: 'What one types to sign in; usually the mail address.' }),
    password: char({ secret: true, copy: false, help: 'Chosen by its owner, and read by nobody.' }),
    sec_version: integer({
      required: true,
      default: 0,
      copy: false,
      readonly: true,
      help: 'Goes up with the login, password, groups and deactivation: sessions made before end.',
    }),
    security_email: char({ copy: false, readonly: true, label: 'Reached At', help: 'Told when the mail address is another one.' }),
    active: boolean({ default: true }),
    partner_id: many2one('res.partner', { label: 'Related Partner', required: true, index: true, ondelete: 'restrict', copy: false }),
    display_name: char({ compute: 'stored', required: true, index: 'trigram' }),
    name: char({ related: 'partner_id.name' }),
    email: char({ related: 'partner_id.email' }),
    phone: char({ related: 'partner_id.phone' }),
    image_1920: binary({ related: 'partner_id.image_1920', image: true, label: 'Image' }),
    active_partner: boolean({ related: 'partner_id.active', label: 'Partner is Active' }),
    lang: selection(languageChoices, { label: 'Language', default: 'en_US' }),
    tz: selection(timeZones, { label: 'Timezone', default: 'UTC' }),
    signature: html({ label: 'Email Signature' }),
    company_id: many2one('res.company', {
      label: 'Default Company',
      required: true,
      ondelete: 'restrict',
      default: (env) => env.me.company_id,
    }),
    company_ids: many2many('res.company', { label: 'Companies', default: (env) => [env.me.company_id] }),
    group_ids: many2many('res.groups', { label: 'Groups', default: (env) => groupOfNewUsers(env) }),
    share: boolean({ compute: 'stored', label: 'Share User', help: 'From outside: portal or public.' }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'res.users': ResUsers
  }
  interface ResUsers extends ModelFields<typeof res_users> {}
}

res_users.compute('display_name', ['login', 'partner_id.name'], (user) => nameOf(user.partner_id) ?? user.login)

res_users.compute('share', ['group_ids.all_implied_ids.key'], (user) => !holds(user.group_ids, 'base.group_user'))

res_users.constrain(
  ['login'],
  (user) => (user.login.trim() === user.login && user.login !== '') || 'A login neither begins nor ends with a space.',
)

res_users.constrain(
  ['company_id', 'company_ids'],
  (user) => user.company_ids.includes(user.company_id) || 'The default company must be one of the companies the user may work in.',
)

res_users.constrain(['login', 'group_ids.all_implied_ids.key'], (user) => {
  const kinds = ['base.group_user', 'base.group_portal', 'base.group_public'].filter((kind) => holds(user.group_ids, kind))
  return kinds.length <= 1 || `${user.login} is an internal user, a portal user or the public: one of them.`
})

/** A user is given with a name and a mail address; the contact that has them is made here. */
res_users.prepare(async (env, list) => {
  const incomplete = list.filter((given) => !given['partner_id'])
  if (incomplete.length === 0 || !env.isIn(userManager)) return list
  const contacts = incomplete.map(({ name, login, email, phone, lang, tz }) => ({
    name: text(name) ?? text(login) ?? '',
    email: text(email) ?? (text(login)?.includes('@') ? text(login) : null),
    phone: text(phone),
    ...chosen({ lang, tz }),
    employee: true,
  }))
  const made = await env.asSystem(
    'a new user needs the contact that he is',
    async (sys) => (await sys.model('res.partner').create(contacts)).ids,
  )
  const partners = new Map(incomplete.map((given, i) => [given, made[i]!]))
  return list.map((given) => {
    const partner_id = partners.get(given)
    if (partner_id === undefined) return given
    const { name: _, email: __, phone: ___, ...rest } = given
    return { ...rest, partner_id }
  })
})

// Sessions carry the number they began with, so whoever had one must sign in again.
res_users.changed(['login', 'password', 'active', 'group_ids'], async (sys, ids, operation) => {
  if (operation === 'create') return
  const users = sys.withContext({ active_test: false }).model('res.users').browse(ids)
  const versions = new Map((await users.read(['sec_version'])).map((user) => [user.id, user.sec_version + 1]))
  await users.write((id) => ({ sec_version: versions.get(id)! }))
})

res_users.changed(['active', 'group_ids'], async (sys, _ids, operation) => {
  if (operation === 'write') await demandAdministrator(sys)
})

/** A form that is being filled in has no contact yet. */
const nameOf = (partner: { readonly name: string | null } | null): string | null => partner?.name ?? null

const text = (value: unknown): string | null => (typeof value === 'string' && value.trim() !== '' ? value : null)

const chosen = (values: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => typeof value === 'string'))

export const context_get = res_users.action(
  'context_get',
  { on: 'model', needs: 'read', readonly: true, returns: json() },
  async ({ env }) => ({
    lang: env.user.lang,
    tz: env.user.tz,
    uid: env.user.id,
  }),
)

/**
 * Changes the caller's own password. The server has compared `old_passwd` with the one he has, counted as a sign-in, and has made
 * `new_passwd`, once long enough, into a hash. His other sessions end; the one he does it in goes on.
 */
export const change_password = res_users.action(
  'change_password',
  {
    on: 'model',
    needs: 'read',
    args: { old_passwd: char({ required: true, secret: true }), new_passwd: char({ required: true, secret: true }) },
    returns: boolean(),
  },
  async ({ env }, { new_passwd }) => {
    if (!isIdentityConfirmed(env)) throw new AccessDenied()
    await env.asSystem('everybody may change his own password, by this method only', async (sys) => {
      // A hash instead of clear text is not in the field's type.
      await sys
        .model('res.users')
        .browse([env.user.id])
        .write({ password: new Prepared(new_passwd) as never })
    })
    await tellOwner(env, { user: env.user.id, by: env.user.id, what: 'password' })
    return true
  },
)

/**
 * For ten minutes the caller's session may do what asks who he is: change rights and passwords (`prove`), make keys. The server has verified the
 * password, counted as a sign-in, before this runs.
 */
export const confirm_identity = res_users.action(
  'confirm_identity',
  { on: 'model', needs: 'read', args: { password: char({ required: true, secret: true }) }, returns: boolean() },
  async ({ env }) => {
    if (!isIdentityConfirmed(env)) throw new AccessDenied()
    return true
  },
)

/** Sends these users a link to choose a password, an invitation to whoever has none yet: see `invite`. */
export const action_reset_password = res_users.action('action_reset_password', { needs: 'write', returns: json() }, async (users) => {
  const { env, ids } = users
  const sent = await invite(env, ids)
  const left = (await users.read(['display_name'])).filter(({ id }) => !sent.includes(id))
  if (left.length > 0)
    throw new UserError(
      env.t('No mail was sent: {names} cannot be sent one. It takes a mail address, and there are at most three mails an hour.', {
        names: left.map(({ display_name }) => display_name).join(', '),
      }),
    )
  const message = env.t('A mail with a link to choose a password is on its way.')
  return clientAction('display_notification', { message })
})

/** How many characters a password needs here: told to whoever is about to choose one. */
export const least_password = res_users.action(
  'least_password',
  { on: 'model', needs: 'read', readonly: true, returns: integer({ required: true }) },
  async ({ env }) =>
    env.asSystem('whoever chooses a password is told how long it has to be', async (sys) => {
      const [found] = await sys.model('ir.config_parameter').find([['key', '=', 'auth_password_policy.minlength']], ['value'], { limit: 1 })
      return Math.max(8, Number(found?.value) || 12)
    }),
)

/** Whether the user is in the group, directly or by implication: asked about oneself by anybody, about others by who may read them. */
export const has_group = res_users.action(
  'has_group',
  { needs: 'read', readonly: true, args: { group_ext_id: char({ required: true }) }, returns: boolean() },
  async (users, { group_ext_id }) => {
    const [user] = await users.read(['group_ids.all_implied_ids.key'])
    return user !== undefined && holds(user.group_ids, group_ext_id)
  },
)

interface HeldGroup {
  readonly all_implied_ids: readonly { readonly key: string }[]
}

const holds = (groups: readonly HeldGroup[], key: string): boolean =>
  groups.some((group) => group.all_implied_ids.some((one) => one.key === key))

async function groupOfNewUsers(env: Env): Promise<readonly number[]> {
  return env.asSystem('a new user is an internal one unless said otherwise', async (sys) => {
    const { ids } = await sys.model('res.groups').search([['key', '=', 'base.group_user']])
    return ids
  })
}
