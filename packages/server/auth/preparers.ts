import { type Databases, type Preparers, UserError } from '@erp4/orm'
import { sealPassword } from '../mail/server.ts'
import { passwordPolicy } from '../sql/auth-user.ts'
import { demandPassword, hashPassword } from './password.ts'
import type { AuthInstance } from './types.ts'

/**
 * What `prepareCall` does with the secrets in a call: the first password of a new user, and one that somebody changes for himself, must be
 * long enough by this instance's setting and become hashes; one for a user who is there is refused, with the way that there is; passwords that
 * only prove who somebody is are not kept; that of the mail server, which must be said again, is sealed. Throws ValidationError, or BusyError
 * when too many wait for a hash.
 */
export const preparers = (instance: AuthInstance, databases: Databases): Preparers =>
  new Map([
    [
      'res.users.password',
      (clear: string, method: string) => (method === 'create' ? hashNew(instance, databases, clear) : refusePassword()),
    ],
    ['res.users.change_password.new_passwd', (clear: string) => hashNew(instance, databases, clear)],
    ['res.users.change_password.old_passwd', async () => ''],
    ['res.users.confirm_identity.password', async () => ''],
    ['res.users.identitycheck.password', async () => ''],
    ['ir.mail_server.smtp_pass', async (clear: string) => sealPassword(instance.keys, clear)],
  ])

/** Nobody changes the password of somebody else (ASVS 6.4.6), and nobody his own without saying the old one. */
async function refusePassword(): Promise<never> {
  throw new UserError('A password is chosen by its owner alone: send a link (action_reset_password), or change your own (change_password).')
}

async function hashNew(instance: AuthInstance, databases: Databases, clear: string): Promise<string> {
  const [policy] = await databases.use(instance.database, (cx) => cx.query<{ min_length: number; rounds: number }>(passwordPolicy))
  demandPassword(clear, policy!.min_length)
  return hashPassword(clear, policy!.rounds)
}
