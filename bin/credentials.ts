import type { StoreCredentials } from '@erp4/ops'
import { CommandError } from './exit-codes.ts'

/** Credentials as people give them: a private key of OpenSSH, or an access key, a space and its secret. */
export function parseCredentials(text: string): StoreCredentials {
  const given = text.trim()
  if (given.startsWith('-----BEGIN')) return { privateKey: `${given}\n` }
  const [accessKeyId, secretAccessKey, more] = given.split(/\s+/)
  if (accessKeyId && secretAccessKey && !more) return { accessKeyId, secretAccessKey }
  throw new CommandError('usage', 'Give a private key, or an access key, a space and its secret.')
}
