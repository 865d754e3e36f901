import { AccessDenied, type Connection, type Databases } from '@erp4/orm'
import { auditSignIn, candidateById, candidateByLogin, rehash, type Candidate } from '../sql/auth-user.ts'
import { admit, CooldownError, pardon, type Admission } from './cooldown.ts'
import { hashing, hashWithin, isHashable, verifyWithin } from './password.ts'
import { sweepSignIns } from './session.ts'
import type { AuthInstance, Credentials } from './types.ts'
import { ownerAt, type Verified, verifiedSecrets } from './verified-secrets.ts'

/** A password that someone brings. */
export interface Attempt {
  readonly credentials: Credentials
  /** The client's address. */
  readonly source: string
  /** The browser's device cookie. */
  readonly device?: string | undefined
  /** What for: to open a session, with a call over RPC, or again within a session. */
  readonly by: 'session' | 'rpc' | 'confirmation'
}

/** A password that was right, under these versions. */
export interface Judged extends Attempt {
  readonly login: string
  readonly verified: Verified
  readonly admission: Admission
  /** The old hash and the one with the rounds that are due now. */
  readonly renewed: { readonly old: string; readonly fresh: string } | undefined
}

/**
 * Counts the attempt, then hashes: outside any transaction, within the limiter. Throws AccessDenied unless the password is right,
 * CooldownError without looking at it, BusyError when too many wait.
 */
export async function judge(instance: AuthInstance, databases: Databases, attempt: Attempt): Promise<Judged> {
  const { secret } = attempt.credentials
  if (!isHashable(secret)) throw new AccessDenied()
  // The trail is written to, also by whoever is refused: the sealer has to look here.
  await instance.markActive()
  const verdict = await hashing.run(instance.database, async (): Promise<Judged | { refused: number | null }> => {
    const { candidate, admission, login } = await databases.transaction(instance.database, (cx) => enter(cx, instance, attempt))
    const { id, password, sec_version, epoch, login_version, rounds } = candidate
    const { matches, isOld } = await verifyWithin(password, secret, rounds)
    if (!matches || id === null || password === null || sec_version === null) return { refused: id }
    const renewed = isOld ? { old: password, fresh: await hashWithin(secret, rounds) } : undefined
    return { ...attempt, login, verified: { id, secVersion: sec_version, epoch, loginVersion: login_version }, admission, renewed }
  })
  await sweepSometimes(instance, databases)
  if (!('refused' in verdict)) return verdict
  verifiedSecrets.forgetOwner(ownerAt(instance, verdict.refused, attempt.source))
  await databases.use(instance.database, (cx) => cx.query(auditSignIn({ ...attempt, operation: 'login_failed', user: verdict.refused })))
  throw new AccessDenied()
}

/** Acts on a right password: its failures are forgotten, its hash is renewed when due, the trail says so. */
export async function settle(cx: Connection, judged: Judged): Promise<void> {
  const { verified, admission, renewed } = judged
  await pardon(cx, admission)
  if (renewed) await cx.query(rehash(verified.id, renewed.old, renewed.fresh))
  await cx.query(auditSignIn({ ...judged, operation: 'login', user: verified.id }))
}

async function enter(cx: Connection, instance: AuthInstance, { credentials, source, device }: Attempt) {
  const [candidate] = await cx.query<Candidate>(...lookup(credentials))
  if (!candidate) throw new Error(`Instance '${instance.name}' has no row in meta.`)
  // By id or by login, in whatever case, one user has one bucket.
  const login = candidate.login ?? ('login' in credentials ? credentials.login.toLowerCase() : `#${credentials.uid}`)
  try {
    return { candidate, login, admission: await admit(cx, instance, { login, source, device }) }
  } catch (error) {
    if (error instanceof CooldownError) verifiedSecrets.forgetOwner(ownerAt(instance, candidate.id, source))
    throw error
  }
}

function lookup(credentials: Credentials): Parameters<Connection['query']> {
  if ('uid' in credentials) return [candidateById(isId(credentials.uid) ? credentials.uid : 0), 'auth_by_id']
  // PostgreSQL refuses a NUL in a text; nobody has such a login, so nobody is looked for, in the same time.
  return [candidateByLogin(credentials.login.includes('\0') ? '' : credentials.login), 'auth_by_login']
}

const isId = (uid: number): boolean => Number.isInteger(uid) && uid > 0 && uid < 2 ** 31

const sweepEveryMs = 60_000
const sweptAt = new Map<string, number>()

/** The tables of sign-in are swept by those who fill them, at most once a minute in each process. */
async function sweepSometimes(instance: AuthInstance, databases: Databases): Promise<void> {
  if (Date.now() - (sweptAt.get(instance.database) ?? 0) < sweepEveryMs) return
  sweptAt.set(instance.database, Date.now())
  await databases.use(instance.database, sweepSignIns)
}
