import { createHash, randomBytes } from 'node:crypto'
import {
  type Env,
  type Json,
  type ModelFields,
  type Moment,
  ValidationError,
  char,
  datetime,
  json,
  model,
  moment,
  selection,
} from '@erp4/orm'
import { tellOwner } from '../account-news.ts'
import { administrator } from '../groups.ts'
import { isIdentityConfirmed } from '../identity.ts'

/** The dialogue in which a person names a new key and says how long it lives. */
export const res_users_apikeys_description = model('res.users.apikeys.description', {
  label: 'API Key Description',
  transient: true,
  fields: {
    name: char({ label: 'Description', required: true }),
    duration: selection(
      { 1: '1 Day', 7: '1 Week', 30: '1 Month', 90: '3 Months', 180: '6 Months', 365: '1 Year', 0: 'Persistent Key', '-1': 'Custom Date' },
      { required: true, default: '1' },
    ),
    expiration_date: datetime(),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'res.users.apikeys.description': ResUsersApikeysDescription
  }
  interface ResUsersApikeysDescription extends ModelFields<typeof res_users_apikeys_description> {}
}

/**
 * Makes the key and answers the dialogue that shows it, in its context as `default_key`: there and then only. Answers the
 * password check instead unless the caller proved who he is in the last ten minutes.
 */
export const make_key = res_users_apikeys_description.action(
  'make_key',
  { needs: 'write', returns: json({ required: true }) },
  async (dialogues) => {
    const { env } = dialogues
    if (!isIdentityConfirmed(env)) return askIdentity(env, dialogues.ids)
    const [asked] = await dialogues.read(['name', 'duration', 'expiration_date'])
    if (!asked) throw new ValidationError('A new API key needs a description.')
    const ends = expiry(env, asked)
    const key = randomBytes(20).toString('hex')
    await env.asSystem('a key is made for the caller himself, by this method only', async (sys) => {
      await sys.model('res.users.apikeys').create({
        name: asked.name,
        user_id: env.user.id,
        scope: 'rpc',
        expiration_date: ends,
        key_index: key.slice(0, 8),
        secret_hash: createHash('sha256').update(key).digest('hex'),
      })
      await sys.model('res.users.apikeys.description').browse(dialogues.ids).unlink()
    })
    const { id: user } = env.user
    await tellOwner(env, {
      user,
      by: user,
      what: 'key',
      name: asked.name,
      ends: ends === null ? null : new Date(`${ends.replace(' ', 'T')}Z`),
    })
    return dialogue('API Key Ready', 'res.users.apikeys.show', { context: { default_key: key } })
  },
)

/** Keys of ordinary users end after three months at the latest, so that forgotten ones do not stay open for ever. */
const mostDays = 90

function expiry(env: Env, asked: { duration: string; expiration_date: Moment | null }): Moment | null {
  const now = env.call.now()
  const inDays = (days: number) => moment(new Date(now.getTime() + days * 86_400_000))
  const ends = asked.duration === '-1' ? asked.expiration_date : asked.duration === '0' ? null : inDays(Number(asked.duration))
  if (asked.duration === '-1' && ends === null) throw new ValidationError('Say until when the key is good.')
  if (ends !== null && ends <= moment(now)) throw new ValidationError('The key would be over before it begins.')
  if (!env.isIn(administrator) && (ends === null || ends > inDays(mostDays)))
    throw new ValidationError(`An API key is good for ${mostDays} days at most.`)
  return ends
}

async function askIdentity(env: Env, ids: readonly number[]): Promise<Json> {
  const check = await env.asSystem('the question is made here, so that nobody can ask for another method', async (sys) => {
    const { ids: made } = await sys.model('res.users.identitycheck').create({ request: { dialogues: ids } })
    return made[0]!
  })
  return dialogue('Security Control', 'res.users.identitycheck', { res_id: check })
}

/** Something that the web client does itself, by the name it knows it by. */
export const clientAction = (tag: string, params: { readonly [key: string]: Json }): Json => ({ type: 'ir.actions.client', tag, params })

/** An action as clients open it: a form in a window of its own. */
export const dialogue = (name: string, model: string, more: { readonly [key: string]: Json }): Json => ({
  type: 'ir.actions.act_window',
  name,
  res_model: model,
  views: [[false, 'form']],
  target: 'new',
  ...more,
})
