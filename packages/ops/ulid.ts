import { randomBytes } from 'node:crypto'

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** A ULID (github.com/ulid/spec): 48 bits of milliseconds, 80 random bits, 26 characters of Crockford's base 32 that sort by time. */
export function ulid(at = Date.now()): string {
  let number = (BigInt(at) << 80n) | BigInt(`0x${randomBytes(10).toString('hex')}`)
  let text = ''
  for (let i = 0; i < 26; i++) {
    text = alphabet[Number(number & 31n)]! + text
    number >>= 5n
  }
  return text
}

export const isUlid = (text: string): boolean => /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(text)
