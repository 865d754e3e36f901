import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'

/** A password no one has to type: 256 random bits. */
export const newPassword = (): string => randomBytes(32).toString('base64url')

/**
 * What PostgreSQL stores of a password (RFC 5803). Made here so that the password itself is never in a statement, and thus in no log.
 * 4,096 rounds are enough for 256 random bits, and keep a connection at 5 ms.
 */
export function scramVerifier(password: string): string {
  const rounds = 4096
  const salt = randomBytes(16)
  const salted = pbkdf2Sync(password, salt, rounds, 32, 'sha256')
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest()
  const stored = createHash('sha256').update(hmac('Client Key')).digest('base64')
  return `SCRAM-SHA-256$${rounds}:${salt.toString('base64')}$${stored}:${hmac('Server Key').toString('base64')}`
}
