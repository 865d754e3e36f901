import { createHash, createHmac } from 'node:crypto'
import { isIPv6 } from 'node:net'
import { AccessDenied, type Connection } from '@erp4/orm'
import { forgive, reserve, type Buckets, type Reservation } from '../sql/auth-cooldown.ts'
import type { AuthInstance } from './types.ts'

/** Too many failures: refused without a look at the password, the right one too. */
export class CooldownError extends AccessDenied {
  override name = 'CooldownError'
  readonly seconds: number

  constructor(seconds: number) {
    super(`Too many failed sign-ins. Please try again in ${seconds} second${seconds === 1 ? '' : 's'}.`)
    this.seconds = seconds
  }
}

/** Where an attempt is counted. */
export interface Attempt {
  /** As given; or, for a user given by id, the user's login. */
  login: string
  /** The client's address. */
  source: string
  /** The browser's device cookie, if it sent one. */
  device?: string | undefined
}

/** An attempt that was admitted, and how to take it back. */
export interface Admission {
  readonly isCounted: boolean
  readonly own: Buffer
  readonly source: Buffer
  readonly since: string | null
}

/**
 * Counts the attempt before it is judged, in the caller's transaction. Throws a CooldownError when one of its buckets is full; the
 * caller's rollback then takes back what the other one counted.
 */
export async function admit(cx: Connection, instance: AuthInstance, attempt: Attempt): Promise<Admission> {
  const buckets = bucketsOf(instance, attempt)
  const [row] = await cx.query<Reservation>(reserve(buckets), 'auth_reserve')
  if (row!.reserved < row!.wanted) throw new CooldownError(Math.max(1, row!.wait_seconds))
  return {
    isCounted: row!.wanted > 0,
    own: row!.is_known ? buckets.device : buckets.login,
    source: buckets.source,
    since: row!.source_since,
  }
}

/** The attempt was right: forgets its login's failures. */
export async function pardon(cx: Connection, admission: Admission): Promise<void> {
  if (admission.isCounted) await cx.query(forgive(admission), 'auth_forgive')
}

export const deviceHash = (device: string | undefined): Buffer =>
  createHash('sha256')
    .update(device ?? '')
    .digest()

/** The login as tables hold it: keyed, so that neither names nor passwords typed in their place can be read from them. */
export const loginHash = (instance: AuthInstance, login: string): Buffer => bucket(instance, ['login', login])

/** Where a login was used, by what and from which network, as the table of known devices holds it: for browsers without a cookie. */
export const placeHash = (instance: AuthInstance, source: string, agent: string | undefined): Buffer =>
  bucket(instance, ['place', sourceNetwork(source), agent ?? ''])

function bucketsOf(instance: AuthInstance, { login, source, device }: Attempt): Buckets {
  const known = { login: loginHash(instance, login), device: deviceHash(device) }
  return {
    login: known.login,
    device: bucket(instance, ['device', login, device ?? '']),
    source: bucket(instance, ['source', sourceNetwork(source)]),
    known,
  }
}

const bucket = (instance: AuthInstance, parts: readonly string[]): Buffer =>
  createHmac('sha256', instance.keys.derive('cooldown')).update(JSON.stringify(parts)).digest()

/** What counts as one source: an IPv4 address, or the /64 of an IPv6 address, which is what one customer of a provider gets. */
export function sourceNetwork(address: string): string {
  const plain = address.split('%')[0]!.toLowerCase()
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(plain)
  if (mapped) return mapped[1]!
  if (!isIPv6(plain)) return plain
  const [left, right] = plain.split('::') as [string, string?]
  const head = left === '' ? [] : left.split(':')
  const tail = right ? right.split(':') : []
  const zeros = right === undefined ? 0 : 8 - head.length - tail.length
  const groups = [...head, ...Array<string>(Math.max(0, zeros)).fill('0'), ...tail]
  return `${groups
    .slice(0, 4)
    .map((group) => parseInt(group, 16).toString(16))
    .join(':')}::/64`
}
