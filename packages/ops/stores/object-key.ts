import { OpsError } from '../errors.ts'

const maxKeyLength = 512
const maxSegmentLength = 255
const segment = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/

/**
 * Throws OpsError `refused` unless `key` can name an object in every kind of store: segments of letters, digits, `.`, `_` and `-` that
 * begin with none of the last two nor a dot, so that `..`, hidden files, options and other alphabets are not even spelled.
 */
export function demandObjectKey(key: string): void {
  if (isObjectKey(key)) return
  throw new OpsError('refused', `${JSON.stringify(key.slice(0, 80))} cannot be the name of an object in a store.`)
}

/** Whether it could be ours at all: whoever can write past us may have put anything into a store. */
export const isObjectKey = (key: string): boolean => key.length <= maxKeyLength && key.split('/').every(isSegment)

/** The same for the beginning of a key: what follows the last `/` may be any part of a segment, or nothing. */
export function demandPrefix(prefix: string): void {
  const segments = prefix.split('/')
  const last = segments.pop()!
  if (prefix.length <= maxKeyLength && segments.every(isSegment) && (last === '' || isSegment(last))) return
  throw new OpsError('refused', `${JSON.stringify(prefix.slice(0, 80))} cannot be the beginning of a name in a store.`)
}

const isSegment = (text: string): boolean => text.length <= maxSegmentLength && segment.test(text)
