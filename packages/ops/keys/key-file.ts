import { randomBytes } from 'node:crypto'
import { existsSync, linkSync, readFileSync, rmSync } from 'node:fs'
import { OpsError } from '../errors.ts'
import { writeDurably } from '../files.ts'
import type { OsUser } from '../os-user.ts'
import { demandKey, newKey } from '../sealing.ts'

/** 32 bytes as one line of base64, for one OS user. */
export function writeKey(path: string, key: Uint8Array, owner?: OsUser): void {
  demandKey(key)
  writeDurably(path, `${Buffer.from(key).toString('base64')}\n`, { mode: 0o600, owner })
}

/** A new key, unless there is one already: of two processes at once, one makes it. */
export function ensureKey(path: string): void {
  if (existsSync(path)) return
  const fresh = `${path}.${randomBytes(4).toString('hex')}.fresh`
  writeKey(fresh, newKey())
  try {
    linkSync(fresh, path)
  } catch (error) {
    if ((error as { code?: string }).code !== 'EEXIST') throw error
  } finally {
    rmSync(fresh)
  }
}

/** OpsError `key_missing`, `missing_right`, or `key_wrong` when it is not 32 bytes or all zeros. */
export function readKey(path: string): Buffer {
  return parseKey(readPrivate(path).toString())
}

/** A file that only its owner may read. OpsError `key_missing` or `missing_right`. */
export function readPrivate(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === 'ENOENT')
      throw new OpsError('key_missing', `The key file ${path} is missing: put it back from its safe copy.`, { cause: error })
    throw new OpsError('missing_right', `This user may not read the key file ${path}.`, { cause: error })
  }
}

/** The text of a key file. */
export function parseKey(text: string): Buffer {
  const key = Buffer.from(text.trim(), 'base64')
  demandKey(key)
  return key
}
