import { type Env, UserError } from '@erp4/orm'

/**
 * Sends each of these users a mail, in his language, with a link to choose a password: an invitation, good for seven days, to whoever has
 * none yet; a way back in, good for 30 minutes, to others. Internal and portal users alike. Part of the call: no mail leaves unless it
 * commits. Answers the ids of those who were sent one: not whoever is archived, has no mail address, or was sent three within the hour.
 *
 * It asks for no right: whoever calls it decides who may. Throws a UserError where mails cannot be sent.
 */
export async function invite(env: Env, users: readonly number[]): Promise<readonly number[]> {
  const { accounts, origin } = env.call
  if (!accounts || origin === null) throw new UserError(env.t('Only the server can send mails.'))
  return accounts.sendPasswordLinks(env.cx, origin, users)
}
