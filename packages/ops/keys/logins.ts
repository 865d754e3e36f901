import type { Cluster } from '../cluster.ts'
import type { Host } from '../host.ts'
import type { HostKeys } from '../keys.ts'
import { operation } from '../operation.ts'
import { hostLogins, withClient } from '../provision.ts'
import { newPassword, scramVerifier } from '../scram.ts'

const logins = ['postgres', ...hostLogins] as const
type Login = (typeof logins)[number]
const next = (login: Login): string => `${login}.next`

/**
 * Gives the host's own database roles new passwords. Each is sealed as the next one, set, then sealed as the current one: a start finds
 * out which holds (`settleLogins`). Open connections stay; servers that are given their password when they start need to be renewed.
 */
export function rotateHostLogins(host: Host): Promise<readonly string[]> {
  return operation(host.db, 'host logins', 'rotate passwords', async () => {
    for (const login of logins) {
      const password = newPassword()
      host.keys.sealLogin(next(login), password)
      // As the superuser, in a database where nobody else may create anything: only it may set the password of others.
      await withClient(host.cluster.config('postgres', 'postgres', host.keys.login('postgres')!), (db) =>
        db.query(`alter role ${login} password '${scramVerifier(password)}'`),
      )
      host.keys.sealLogin(login, password)
      host.keys.forgetLogin(next(login))
    }
    return logins
  })
}

/** Ends a rotation that was killed between setting a password and saying so. Does nothing but look where there was none. */
export async function settleLogins(cluster: Cluster, keys: HostKeys): Promise<void> {
  for (const login of logins) {
    const fresh = keys.login(next(login))
    if (!fresh || (await isPassword(cluster, login, keys.login(login)!)) || !(await isPassword(cluster, login, fresh))) continue
    keys.sealLogin(login, fresh)
    keys.forgetLogin(next(login))
  }
}

/** Whether PostgreSQL lets the role in by it; that it may not enter this database is another matter. */
async function isPassword(cluster: Cluster, login: Login, password: string): Promise<boolean> {
  try {
    await withClient(cluster.config('postgres', login, password), (db) => db.query('select'))
    return true
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === '28P01') return false
    if (code === '42501') return true
    throw error
  }
}
