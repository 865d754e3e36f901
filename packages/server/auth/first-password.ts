import { randomInt } from 'node:crypto'
import pg from 'pg'
import { asConnection } from '@erp4/orm'
import { firstHash } from '../sql/auth-user.ts'
import { hashPassword } from './password.ts'

/** A password that is being hashed while its instance is being made. */
export interface FirstPassword {
  readonly password: string
  /** Gives it to the user, who must have none; through the instance's runtime role. */
  set(login: string, runtime: pg.ClientConfig): Promise<void>
}

/**
 * Generates a password, 20 letters and digits that nobody mistakes for each other, about 98 bits, and begins to hash it. It needs no app and
 * no model, so that making an instance waits for nothing but its database.
 */
export function generateFirstPassword(): FirstPassword {
  const password = [group(), group(), group(), group()].join('-')
  const hashed = hashPassword(password)
  hashed.catch(() => {}) // told by `set`
  return {
    password,
    async set(login, runtime) {
      const hash = await hashed
      const client = new pg.Client(runtime)
      await client.connect()
      try {
        const given = await asConnection(client).query(firstHash(login, hash))
        if (given.length !== 1) throw new Error(`There is no user ${login} without a password to give the first one to.`)
      } finally {
        await client.end()
      }
    },
  }
}

const letters = 'abcdefghjkmnpqrstuvwxyz23456789'
const group = (): string => Array.from({ length: 5 }, () => letters[randomInt(letters.length)]).join('')
