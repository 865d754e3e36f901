import { pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import { ValidationError } from '@erp4/orm'
import { Limiter } from '../limiter.ts'

/** Rounds of a new hash; what OWASP asks of PBKDF2-HMAC-SHA512 three times over. `password.hashing.rounds` can only raise it. */
export const minRounds = 600_000
/** A stored or configured number above this is a mistake or an attack on our processors. */
const maxRounds = 10_000_000
const hashBytes = 64
const saltBytes = 16
/** Longer input is refused before it is hashed, never cut. */
export const maxPasswordBytes = 4096
const leastLength = 8

const stretch = promisify(pbkdf2)
const passlib = /^\$pbkdf2-sha512\$([1-9]\d{0,7})\$([A-Za-z0-9./]{11,86})\$([A-Za-z0-9./]{86})$/

/** All hashing of this process passes here, so that the thread pool keeps threads for files, names and connections. */
export const hashing = new Limiter({ running: availableParallelism() < 4 ? 1 : 2, waiting: 64, waitingPerKey: 48 })

/** `password` as `$pbkdf2-sha512$rounds$salt$hash` (passlib's format, which Odoo writes too). Takes about 0.2 s of a processor. */
export async function hashPassword(password: string, rounds = minRounds): Promise<string> {
  return hashing.run('', () => hashWithin(password, rounds))
}

/** As `hashPassword`, for whoever already holds a place in the limiter. */
export async function hashWithin(password: string, rounds: number): Promise<string> {
  if (!isHashable(password)) throw new ValidationError('The password is too long or holds broken characters.')
  const salt = randomBytes(saltBytes)
  const hash = await stretch(Buffer.from(password, 'utf8'), salt, atLeastMin(rounds), hashBytes, 'sha512')
  return `$pbkdf2-sha512$${atLeastMin(rounds)}$${encode(salt)}$${encode(hash)}`
}

export interface Verdict {
  readonly matches: boolean
  /** True when the hash has fewer rounds than are due: hash again while the password is at hand. */
  readonly isOld: boolean
}

/** Whether `password` made `stored`, within the limiter. */
export function verifyPassword(stored: string | null | undefined, password: string, rounds = minRounds): Promise<Verdict> {
  return hashing.run('', () => verifyWithin(stored, password, rounds))
}

/**
 * Whether `password` made `stored`; takes equally long for no user, no password, another scheme and old rounds, so that the time
 * tells nothing. Schemes other than passlib's pbkdf2-sha512, plain text above all, never match.
 */
export async function verifyWithin(stored: string | null | undefined, password: string, rounds: number): Promise<Verdict> {
  const due = atLeastMin(rounds)
  const known = parse(stored)
  const given = isHashable(password) ? Buffer.from(password, 'utf8') : Buffer.alloc(0)
  const { salt, hash, rounds: spent } = known ?? { ...nobody, rounds: due }
  const computed = await stretch(given, salt, spent, hashBytes, 'sha512')
  if (spent < due) await stretch(given, nobody.salt, due - spent, hashBytes, 'sha512')
  return { matches: timingSafeEqual(computed, hash) && known !== undefined && isHashable(password), isOld: spent < due }
}

/** The user who does not exist still costs a hash. */
const nobody = { salt: Buffer.alloc(saltBytes, 1), hash: Buffer.alloc(hashBytes) }

/** Whether a password can be hashed as it is: not empty, not a flood, and well-formed, for two broken strings would become the same bytes. */
export const isHashable = (password: string): boolean =>
  password.length > 0 &&
  password.length <= maxPasswordBytes &&
  password.isWellFormed() &&
  Buffer.byteLength(password, 'utf8') <= maxPasswordBytes

/**
 * Throws a ValidationError unless `password` may become one. Length is the only rule: no classes of characters, no forced change
 * (claims C22, C23). `minLength` counts code points and comes from `auth_password_policy.minlength`; below 8 counts as 8.
 */
export function demandPassword(password: string, minLength = 12): void {
  const least = Math.max(leastLength, minLength)
  if (!password.isWellFormed()) throw new ValidationError('The password holds broken characters.')
  if (Buffer.byteLength(password, 'utf8') > maxPasswordBytes) throw new ValidationError(`A password has at most ${maxPasswordBytes} bytes.`)
  if (lengthOf(password) < least)
    throw new ValidationError(`A password has at least ${least} characters. Several words in a row are easy to keep in mind.`)
}

/** In code points, as NIST SP 800-63B counts. */
const lengthOf = (text: string): number => [...text].length

const atLeastMin = (rounds: number): number => Math.min(maxRounds, Math.max(minRounds, Math.trunc(rounds) || 0))

function parse(stored: string | null | undefined): { rounds: number; salt: Buffer; hash: Buffer } | undefined {
  const [, rounds, salt, hash] = passlib.exec(stored ?? '') ?? []
  if (rounds === undefined || Number(rounds) > maxRounds) return undefined
  return { rounds: Number(rounds), salt: decode(salt!), hash: decode(hash!) }
}

/** passlib's "adapted base64": `.` for `+`, no padding. */
const encode = (bytes: Buffer): string => bytes.toString('base64').replaceAll('+', '.').replaceAll('=', '')
const decode = (text: string): Buffer => Buffer.from(text.replaceAll('.', '+'), 'base64')
