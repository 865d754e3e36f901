import { createHmac, randomBytes } from 'node:crypto'
import { AccessDenied, type Connection, type Databases } from '@erp4/orm'
import { isDeviceKnown, rememberDevice } from '../sql/auth-cooldown.ts'
import { insertSession, signedByVersions, type SignedRow } from '../sql/auth-session.ts'
import { auditSignIn, candidateById, candidateByLogin, rehash, type Candidate } from '../sql/auth-user.ts'
import { isKeyShaped, keyUser } from './api-key.ts'
import { admit, CooldownError, deviceHash, loginHash, pardon, sourceNetwork, type Admission } from './cooldown.ts'
import { hashing, hashWithin, isHashable, verifyWithin } from './password.ts'
import { makeToken, sessionUser, signedOf, signOut, sweepSignIns, tokenHash } from './session.ts'
import type { AuthInstance, Credentials, Signed } from './types.ts'
import { VerifiedSecrets, type Verified } from './verified-secrets.ts'

export interface SignInResult {
  /** For the session cookie. */
  readonly token: string
  /** For the device cookie. */
  readonly deviceToken: string
  readonly signed: Signed
}

/**
 * Signs in by login and password and opens a session under a new token; `replaces`, the token the browser came with, ends.
 *
 * Throws AccessDenied for a wrong login or password (one text, one duration), CooldownError when its buckets are full, BusyError when
 * too many wait for a hash.
 */
export async function signIn(
  instance: AuthInstance,
  databases: Databases,
  { login, password }: { login: string; password: string },
  source: string,
  deviceCookie?: string,
  replaces?: string,
): Promise<SignInResult> {
  const judged = await judge(instance, databases, { login, secret: password }, source, deviceCookie)
  const token = makeToken()
  return databases.transaction(instance.database, async (cx) => {
    await settle(cx, judged, source, 'session')
    await signOut(cx, replaces)
    const { id, secVersion, epoch } = judged.verified
    await cx.query(insertSession({ hash: tokenHash(token), id, secVersion, epoch, source }))
    const deviceToken = await nameDevice(cx, deviceCookie)
    await cx.query(rememberDevice(loginHash(instance, judged.login), deviceHash(deviceToken)))
    const signed = await sessionUser(cx, instance, token)
    if (!signed) throw new AccessDenied()
    return { token, deviceToken, signed }
  })
}

const verifiedSecrets = new VerifiedSecrets()

/**
 * Who brings this password, or API key, with a call over RPC. One statement when this process found the secret right lately and
 * nothing about the user changed since; else judged as by `signIn`, with the same cooldown. Throws as `signIn`.
 */
export async function passwordUser(
  instance: AuthInstance,
  databases: Databases,
  credentials: Credentials,
  source: string,
): Promise<Signed> {
  const byKey = isKeyShaped(credentials.secret)
    ? await databases.use(instance.database, (cx) => keyUser(cx, instance, credentials.secret))
    : undefined
  if (byKey && isOwner(byKey, credentials)) return byKey
  const name = nameSecret(instance, credentials, source)
  const known = verifiedSecrets.find(name)
  const signed = known && (await databases.use(instance.database, (cx) => stillSigned(cx, instance, known)))
  if (signed) return signed
  verifiedSecrets.forget(name)
  return verifiedSecrets.share(name, () => judgeAndKeep(instance, databases, credentials, source))
}

async function judgeAndKeep(instance: AuthInstance, databases: Databases, credentials: Credentials, source: string): Promise<Signed> {
  const judged = await judge(instance, databases, credentials, source)
  const { verified, login } = judged
  const signed = await databases.transaction(instance.database, async (cx) => {
    await settle(cx, judged, source, 'password')
    return stillSigned(cx, instance, verified)
  })
  if (!signed) throw new AccessDenied()
  // Clients authenticate by login and then call by id: both are known from now on.
  const owner = ownerAt(instance, verified.id, source)
  verifiedSecrets.keep(nameSecret(instance, { login, secret: credentials.secret }, source), owner, verified)
  verifiedSecrets.keep(nameSecret(instance, { uid: verified.id, secret: credentials.secret }, source), owner, verified)
  return signed
}

async function stillSigned(cx: Connection, instance: AuthInstance, verified: Verified): Promise<Signed | undefined> {
  const [row] = await cx.query<SignedRow>(signedByVersions(verified), 'auth_versions')
  return row && signedOf(instance, row, 'password')
}

interface Judged {
  readonly login: string
  readonly verified: Verified
  readonly admission: Admission
  /** The old hash and the one with the rounds that are due now. */
  readonly renewed: { readonly old: string; readonly fresh: string } | undefined
}

/** Counts the attempt, then hashes: outside any transaction, within the limiter. Throws unless the secret is right. */
async function judge(
  instance: AuthInstance,
  databases: Databases,
  credentials: Credentials,
  source: string,
  device?: string,
): Promise<Judged> {
  const { secret } = credentials
  if (!isHashable(secret)) throw new AccessDenied()
  const verdict = await hashing.run(instance.database, async (): Promise<Judged | { refused: number | null }> => {
    const { candidate, admission, login } = await databases.transaction(instance.database, (cx) =>
      enter(cx, instance, credentials, source, device),
    )
    const { id, password, sec_version, epoch, login_version, rounds } = candidate
    const { matches, isOld } = await verifyWithin(password, secret, rounds)
    if (!matches || id === null || password === null || sec_version === null) return { refused: id }
    const renewed = isOld ? { old: password, fresh: await hashWithin(secret, rounds) } : undefined
    return { login, verified: { id, secVersion: sec_version, epoch, loginVersion: login_version }, admission, renewed }
  })
  await sweepSometimes(instance, databases)
  if (!('refused' in verdict)) return verdict
  verifiedSecrets.forgetOwner(ownerAt(instance, verdict.refused, source))
  await databases.use(instance.database, (cx) =>
    cx.query(auditSignIn({ operation: 'login_failed', user: verdict.refused, source, change: {} })),
  )
  throw new AccessDenied()
}

async function enter(cx: Connection, instance: AuthInstance, credentials: Credentials, source: string, device: string | undefined) {
  const [candidate] = await cx.query<Candidate>(...lookup(credentials))
  if (!candidate) throw new Error(`Instance '${instance.name}' has no row in meta.`)
  // By id or by login, one user has one bucket.
  const login = 'login' in credentials ? credentials.login : (candidate.login ?? `#${credentials.uid}`)
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

async function settle(cx: Connection, { verified, admission, renewed }: Judged, source: string, by: 'session' | 'password'): Promise<void> {
  await pardon(cx, admission)
  if (renewed) await cx.query(rehash(verified.id, renewed.old, renewed.fresh))
  await cx.query(auditSignIn({ operation: 'login', user: verified.id, source, change: { by } }))
}

/** The token the browser came with, when we made it; else a new one. A token of someone's own making would let them share its bucket. */
async function nameDevice(cx: Connection, deviceCookie: string | undefined): Promise<string> {
  if (deviceCookie !== undefined) {
    const [row] = await cx.query<{ yes: boolean }>(isDeviceKnown(deviceHash(deviceCookie)))
    if (row!.yes) return deviceCookie
  }
  return randomBytes(32).toString('base64url')
}

const isOwner = ({ user }: Signed, credentials: Credentials): boolean =>
  'uid' in credentials ? user.id === credentials.uid : user.login === credentials.login

const nameSecret = (instance: AuthInstance, credentials: Credentials, source: string): string =>
  createHmac('sha256', instance.keys.derive('rpc-cache'))
    .update(
      JSON.stringify([
        instance.database,
        'uid' in credentials ? credentials.uid : credentials.login,
        credentials.secret,
        sourceNetwork(source),
      ]),
    )
    .digest('base64')

const ownerAt = (instance: AuthInstance, user: number | null, source: string): string =>
  `${instance.database} ${user} ${sourceNetwork(source)}`

const sweepEveryMs = 60_000
const sweptAt = new Map<string, number>()

/** The tables of sign-in are swept by those who fill them, at most once a minute in each process. */
async function sweepSometimes(instance: AuthInstance, databases: Databases): Promise<void> {
  if (Date.now() - (sweptAt.get(instance.database) ?? 0) < sweepEveryMs) return
  sweptAt.set(instance.database, Date.now())
  await databases.use(instance.database, sweepSignIns)
}
