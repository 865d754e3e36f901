import { randomInt } from 'node:crypto'
import { Databases, type Connection, Prepared, type Registry } from '@erp4/orm'
import { hashPassword } from '@erp4/server/passwords'
import type { InstanceAccess } from '../erp.ts'

interface FirstPassword {
  password: string
  hash: string
}

let prepared: Promise<FirstPassword> | undefined

/** Hashes a password and loads the code of the apps, both at once, so that `setFirstPassword` need not: the database is still being made. */
export async function prepareFirstPassword(apps: readonly string[]): Promise<void> {
  prepared ??= make()
  await registryOf(apps)
}

/** Gives the administrator a generated password: 20 letters and digits that nobody mistakes for each other, about 98 bits. */
export async function setFirstPassword(access: InstanceAccess): Promise<{ login: string; password: string }> {
  const [registry, { password, hash }] = await Promise.all([registryOf(access.record.apps), prepared ?? make()])
  prepared = undefined
  const databases = new Databases(async () => access.runtime)
  try {
    await databases.transaction(access.record.database, (cx) => setPassword(cx, registry, 'admin', hash))
  } finally {
    await databases.close()
  }
  return { login: 'admin', password }
}

async function setPassword(cx: Connection, registry: Registry, login: string, hash: string): Promise<void> {
  const { asSystem } = await import('./system.ts')
  await asSystem(cx, registry, 'first password', async (sys) => {
    const users = await sys.model('res.users').search([['login', '=', login]])
    if (users.ids.length !== 1) throw new Error(`There is no user ${login} to give the first password to.`)
    await users.write({ password: new Prepared(hash) } as never) // a hash instead of clear text is not in the field's type
  })
}

/** The apps are loaded while the password is being hashed. */
const registryOf = async (apps: readonly string[]): Promise<Registry> => (await (await import('./apps.ts')).loadApps())(apps)

async function make(): Promise<FirstPassword> {
  const password = generatePassword()
  return { password, hash: await hashPassword(password) }
}

function generatePassword(): string {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789'
  const group = () => Array.from({ length: 5 }, () => letters[randomInt(letters.length)]).join('')
  return [group(), group(), group(), group()].join('-')
}
