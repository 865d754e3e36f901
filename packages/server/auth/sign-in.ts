import { createHmac, randomBytes } from 'node:crypto'
import { AccessDenied, type Connection, type Databases } from '@erp4/orm'
import { lettersOf } from '../mail/letters.ts'
import { isDeviceKnown, isNewDevice, rememberDevice } from '../sql/auth-cooldown.ts'
import { type ProofRow, confirmSession, insertSession, signedByVersions } from '../sql/auth-session.ts'
import { isKeyShaped, keyUser } from './api-key.ts'
import { deviceHash, loginHash, placeHash, sourceNetwork } from './cooldown.ts'
import { judge, settle } from './judge.ts'
import { tellOwner } from './notice.ts'
import { signedOf } from './proof.ts'
import { Rate } from './rate.ts'
import { makeToken, sessionUser, signOut, tokenHash } from './session.ts'
import type { AuthInstance, Credentials, Signed, Visitor } from './types.ts'
import { ownerAt, type Verified, verifiedSecrets } from './verified-secrets.ts'

export interface SignInResult {
  /** For the session cookie. */
  readonly token: string
  /** For the device cookie. */
  readonly deviceToken: string
  readonly signed: Signed
}

/** Whoever has a password and calls his browser by ever new names must not fill a mailbox. */
const deviceLetters = new Rate('letters about devices', { most: 3, minutes: 60 })

/**
 * Signs in by login and password and opens a session under a new token; the one that the browser came with ends. Of a device that is new to
 * the login its owner is told by mail.
 *
 * Throws AccessDenied for a wrong login or password (one text, one duration), CooldownError when its buckets are full, BusyError when
 * too many wait for a hash.
 */
export async function signIn(
  instance: AuthInstance,
  databases: Databases,
  { login, password }: { login: string; password: string },
  { source, agent, device, replaces }: Visitor,
): Promise<SignInResult> {
  const judged = await judge(instance, databases, { credentials: { login, secret: password }, source, device, by: 'session' })
  const token = makeToken()
  return databases.transaction(instance.database, async (cx) => {
    await settle(cx, judged)
    await signOut(cx, replaces)
    const { id, secVersion, epoch } = judged.verified
    await cx.query(insertSession({ hash: tokenHash(token), id, secVersion, epoch, source, agent: agent ?? null }))
    const login = loginHash(instance, judged.login)
    const place = placeHash(instance, source, agent)
    const [stranger] = await cx.query<{ yes: boolean }>(isNewDevice({ login, device: deviceHash(device), place }))
    const deviceToken = await nameDevice(cx, device)
    await cx.query(rememberDevice(login, place))
    await cx.query(rememberDevice(login, deviceHash(deviceToken)))
    if (stranger!.yes && (await deviceLetters.take(cx, instance, String(id))) === 0)
      await tellOwner(cx, lettersOf(instance.keys), instance.record.origin, { user: id, what: 'device', source, agent })
    const signed = await sessionUser(cx, instance, token)
    // The user's versions moved while the password was judged: by now it may be another one.
    if (!signed) throw new AccessDenied()
    return { token, deviceToken, signed }
  })
}

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
  const { secret } = credentials
  const byKey = isKeyShaped(secret) ? await databases.use(instance.database, (cx) => keyUser(cx, instance, secret)) : undefined
  if (byKey && isOwner(byKey, credentials)) return byKey
  const name = nameSecret(instance, credentials, source)
  const known = verifiedSecrets.find(name)
  const signed = known && (await databases.use(instance.database, (cx) => stillSigned(cx, instance, known)))
  if (signed) return signed
  verifiedSecrets.forget(name)
  return verifiedSecrets.share(name, () => judgeAndKeep(instance, databases, credentials, source))
}

/**
 * Someone signed in gives the password again: for ten minutes the session may do what outlives it. Judged and counted as a sign-in;
 * throws as `signIn`, and the session goes on as it was.
 */
export async function confirmIdentity(
  instance: AuthInstance,
  databases: Databases,
  signed: Signed,
  password: string,
  source: string,
): Promise<void> {
  const judged = await judge(instance, databases, { credentials: { uid: signed.user.id, secret: password }, source, by: 'confirmation' })
  await databases.transaction(instance.database, async (cx) => {
    await settle(cx, judged)
    if (signed.session) await cx.query(confirmSession(Buffer.from(signed.session.hash, 'hex')))
  })
}

async function judgeAndKeep(instance: AuthInstance, databases: Databases, credentials: Credentials, source: string): Promise<Signed> {
  const judged = await judge(instance, databases, { credentials, source, by: 'rpc' })
  const { verified, login } = judged
  const signed = await databases.transaction(instance.database, async (cx) => {
    await settle(cx, judged)
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
  const [row] = await cx.query<ProofRow>(signedByVersions(verified), 'auth_versions')
  return row && signedOf(instance, row, 'password')
}

/** The token the browser came with, when we made it; else a new one. A token of someone's own making would let them share its bucket. */
/** The known device of this cookie, or a new one's token. */
export async function nameDevice(cx: Connection, deviceCookie: string | undefined): Promise<string> {
  if (deviceCookie !== undefined) {
    const [row] = await cx.query<{ yes: boolean }>(isDeviceKnown(deviceHash(deviceCookie)))
    if (row!.yes) return deviceCookie
  }
  return randomBytes(32).toString('base64url')
}

const isOwner = ({ user }: Signed, credentials: Credentials): boolean =>
  'uid' in credentials ? user.id === credentials.uid : user.login.toLowerCase() === credentials.login.toLowerCase()

const nameSecret = (instance: AuthInstance, credentials: Credentials, source: string): string =>
  createHmac('sha256', instance.keys.derive('rpc-cache'))
    .update(JSON.stringify([instance.database, nameOf(credentials), credentials.secret, sourceNetwork(source)]))
    .digest('base64')

const nameOf = (credentials: Credentials): string | number => ('uid' in credentials ? credentials.uid : credentials.login.toLowerCase())
