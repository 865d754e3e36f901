import { createHmac } from 'node:crypto'
import {
  AccessDenied,
  type Connection,
  type Databases,
  type Env,
  type Lent,
  type MethodCall,
  type MethodInfo,
  type Model,
  RawJson,
  UserError,
  asSentence,
  callMethod,
  describeMethod,
  finishCall,
  prepareCall,
} from '@erp4/orm'
import {
  type Credentials as PasswordCredentials,
  Outdated,
  type Proof,
  type Signed,
  confirmIdentity,
  keepSession,
  keyProof,
  keyUser,
  noteUse,
  passwordUser,
  preparers,
  presume,
  sessionProof,
  sessionUser,
} from './auth/index.ts'
import { openEnv } from './env.ts'
import { jsonText } from './http/json.ts'
import type { Instance } from './instance.ts'
import type { Arguments } from './rpc/arguments.ts'
import { HttpError, SessionExpired } from './rpc/errors.ts'
import { type IdempotentCall, keepAnswer, reserveKey, sweepKeys } from './sql/idempotency.ts'

/** What one of the four protocols wants done: a method of a model, by name. */
export interface ModelCall {
  readonly model: string
  readonly method: string
  /** Puts the protocol's arguments into the method's order. Asked when the caller is known: strangers learn of no method and no model. */
  readonly bind: (method: MethodInfo | undefined) => Arguments
}

/** How a caller says who he is. */
export type Credentials =
  | { readonly how: 'session'; readonly token: string | undefined }
  /** `token`: a session cookie that came along; it must be the same person's. */
  | { readonly how: 'key'; readonly key: string; readonly token: string | undefined }
  | { readonly how: 'password'; readonly who: PasswordCredentials }
  /** A stranger with a link: in no group, so that no rule gives him anything. Methods of models are closed to him. */
  | { readonly how: 'nobody' }

/** What the request itself says, beside the call. */
export interface RequestFacts {
  /** The reference that logs and error answers share. */
  readonly id: string
  /** The caller's address, through trusted proxies only. */
  readonly source: string
  readonly skin: 'xmlrpc' | 'jsonrpc' | 'web' | 'json2'
  readonly idempotencyKey: string | undefined
}

/** The one gate between the protocols and the models. */
export interface Dispatcher {
  /** Runs a method as whoever the credentials prove, and gives its answer. Throws the classes that `rpc/errors.ts` knows. */
  perform(instance: Instance, credentials: Credentials, call: ModelCall, facts: RequestFacts): Promise<unknown>
  /** Runs reading code of our own (session info, documentation) as whoever the credentials prove. */
  read<T>(instance: Instance, credentials: Credentials, facts: RequestFacts, work: (env: Env, signed: Signed) => Promise<T>): Promise<T>
  /** The same for code of ours that writes: in a transaction, to whose end everything is computed, checked and judged. */
  act<T>(instance: Instance, credentials: Credentials, facts: RequestFacts, work: (env: Env) => Promise<T>): Promise<T>
}

export function createDispatcher({ databases }: { databases: Databases }): Dispatcher {
  const sweeps = new Sweeps(databases)

  return {
    async perform(instance, credentials, call, facts) {
      if (credentials.how === 'nobody') throw new AccessDenied()
      const signed = await signedByPassword(instance, databases, credentials, facts)
      const who = signed ?? credentials
      const method = describeMethod(instance.registry, call.model, call.method)
      if (!method || method.readonly) {
        return presuming((mayPresume) =>
          databases.use(instance.database, async (cx) => {
            const env = await enter(cx, instance, who, facts, { mayPresume })
            return callMethod(env, bind(call, method))
          }),
        )
      }
      const opened = carriesSecrets(instance, call) ? await openSecrets(instance, who, bind(call, method), facts) : undefined
      await instance.markActive()
      if (facts.idempotencyKey !== undefined) sweeps.sweepSometimes(instance)
      return presuming((mayPresume) =>
        transaction(instance, async (cx) => {
          const env = await enter(cx, instance, who, facts, { mayPresume, isConfirmed: opened?.isConfirmed })
          const asked = opened?.asked ?? bind(call, method)
          const work = async (): Promise<unknown> => {
            const answer = await callMethod(env, opened?.call ?? asked)
            if (opened?.keptSession) await keepSession(cx, opened.keptSession)
            return answer
          }
          const key = facts.idempotencyKey
          return { env, answer: await (key === undefined ? work() : once(env, nameCall(instance, env.user.id, key, asked), work)) }
        }),
      )
    },

    async read(instance, credentials, facts, work) {
      const known = await signedByPassword(instance, databases, credentials, facts)
      return databases.use(instance.database, async (cx) => {
        const signed = await identify(cx, instance, known ?? credentials)
        return work(await envOf(cx, instance, signed, facts), signed)
      })
    },

    async act(instance, credentials, facts, work) {
      const known = await signedByPassword(instance, databases, credentials, facts)
      await instance.markActive()
      return transaction(instance, async (cx) => {
        const env = await envOf(cx, instance, await identify(cx, instance, known ?? credentials), facts)
        try {
          const answer = await work(env)
          await finishCall(env)
          return { env, answer }
        } catch (error) {
          throw asSentence(env, error)
        }
      })
    },
  }

  /** One that writes; what it leaves for the owner of the tables is told to the host before it commits, and waited for afterwards. */
  async function transaction<T>(instance: Instance, work: (cx: Lent) => Promise<{ env: Env; answer: T }>): Promise<T> {
    const { answer, asks } = await databases.transaction(instance.database, async (cx) => {
      const { env, answer: made } = await work(cx)
      if (env.call.asksOwner) await instance.askOwner()
      return { answer: made, asks: env.call.asksOwner }
    })
    if (asks) await instance.untilOwnerDone(databases)
    return answer
  }

  async function enter(
    cx: Lent,
    instance: Instance,
    who: Credentials | Signed,
    facts: RequestFacts,
    { mayPresume, isConfirmed = false }: { mayPresume: boolean; isConfirmed?: boolean | undefined },
  ): Promise<Env> {
    const note = (stale: Signed): void => noteLater(databases, instance, stale)
    const proof = mayPresume ? proofOf(who) : undefined
    const presumed = proof && presume(cx, instance, proof, note)
    if (presumed) return envOf(cx, instance, presumed, facts, isConfirmed)
    const signed = await identify(cx, instance, who)
    if (signed.session?.isStale || signed.key?.isStale) note(signed)
    return envOf(cx, instance, signed, facts, isConfirmed)
  }

  /** Hashes new passwords, and checks the one that confirms an identity: slow, and so before there is a transaction. */
  async function openSecrets(
    instance: Instance,
    credentials: Credentials | Signed,
    asked: MethodCall,
    facts: RequestFacts,
  ): Promise<Opened> {
    const signed = await databases.use(instance.database, (cx) => identify(cx, instance, credentials))
    const password = confirmingPassword(asked)
    if (password !== undefined) await confirmIdentity(instance, databases, signed, password, facts.source)
    const call = await prepareCall(instance.registry, asked, preparers(instance, databases))
    return { asked, call, isConfirmed: password !== undefined, keptSession: changesPassword(asked) ? signed : undefined }
  }
}

/** Runs a call as whoever its caller was last; where he is not that any more, nothing came of it, and it runs again as he is now. */
async function presuming<T>(run: (mayPresume: boolean) => Promise<T>): Promise<T> {
  try {
    return await run(true)
  } catch (error) {
    if (error instanceof Outdated) return run(false)
    throw error
  }
}

/** What proves on one statement alone who calls. */
function proofOf(who: Credentials | Signed): Proof | undefined {
  if ('user' in who) return undefined
  if (who.how === 'session') return sessionProof(who.token)
  return who.how === 'key' && who.token === undefined ? keyProof(who.key) : undefined
}

/** A call whose secrets are hashed or checked. */
interface Opened {
  /** As the caller sent it. */
  asked: MethodCall
  call: MethodCall
  /** He gave his password with it. */
  isConfirmed: boolean
  /** Whose session goes on although the call ends his sessions. */
  keptSession: Signed | undefined
}

function bind(call: ModelCall, method: MethodInfo | undefined): MethodCall {
  const { args, kwargs } = call.bind(method)
  return { model: call.model, method: call.method, args, kwargs }
}

const secretive = new WeakMap<Model, boolean>()

/** Whether the model keeps passwords or the like: its calls are looked through before they begin. */
function carriesSecrets({ registry }: Instance, call: ModelCall): boolean {
  const model = registry.models.get(call.model)
  if (!model) return false
  const known = secretive.get(model)
  if (known !== undefined) return known
  const found = [...model.fields.values()].some((field) => field.options.secret === true)
  secretive.set(model, found)
  return found
}

/**
 * The caller's own password, where a call brings it: `res.users.identitycheck.run_check` in its context (external-api §2), `res.users.change_password`
 * as the old one, `res.users.confirm_identity` as all it has to say. It is checked even within the minutes after a sign-in: a browser left open must not be enough to take the account.
 */
function confirmingPassword(asked: MethodCall): string | undefined {
  const { model, method, args, kwargs } = asked
  const given = changesPassword(asked)
    ? (kwargs.old_passwd ?? args[0])
    : model === 'res.users' && method === 'confirm_identity'
      ? (kwargs.password ?? args[0])
      : model === 'res.users.identitycheck' && method === 'run_check'
        ? ((kwargs.context ?? {}) as { password?: unknown }).password
        : undefined
  return typeof given === 'string' ? given : undefined
}

const changesPassword = ({ model, method }: MethodCall): boolean => model === 'res.users' && method === 'change_password'

function signedByPassword(
  instance: Instance,
  databases: Databases,
  credentials: Credentials,
  facts: RequestFacts,
): Promise<Signed> | undefined {
  // Before any connection is taken: checking a password may wait and hash, and no transaction waits for that.
  return credentials.how === 'password' ? passwordUser(instance, databases, credentials.who, facts.source) : undefined
}

/** Who calls; on the connection and, for writes, in the transaction of the call itself, so that both see the same rights. */
async function identify(cx: Connection, instance: Instance, credentials: Credentials | Signed): Promise<Signed> {
  if ('user' in credentials) return credentials
  switch (credentials.how) {
    case 'session': {
      const signed = await sessionUser(cx, instance, credentials.token)
      if (!signed) throw new SessionExpired()
      return signed
    }
    case 'key': {
      const signed = await keyUser(cx, instance, credentials.key)
      if (!signed) throw new HttpError(401, 'Invalid apikey')
      if (credentials.token !== undefined) await demandSamePerson(cx, instance, signed, credentials.token)
      return signed
    }
    case 'nobody':
      return nobody
    default:
      throw new AccessDenied()
  }
}

const nobody: Signed = {
  user: {
    id: 0,
    login: '',
    name: '',
    partner_id: 0,
    commercial_partner_id: 0,
    company_id: 0,
    company_ids: [],
    groups: new Set(),
    lang: 'en_US',
    tz: 'UTC',
  },
  languages: ['en_US'],
  epoch: 0,
  rules: 0,
  schema: 0,
  how: 'session',
  isConfirmed: false,
}

async function demandSamePerson(cx: Connection, instance: Instance, signed: Signed, token: string): Promise<void> {
  const other = await sessionUser(cx, instance, token)
  if (other && other.user.id !== signed.user.id) throw new AccessDenied()
}

async function envOf(cx: Connection, instance: Instance, signed: Signed, facts: RequestFacts, isConfirmed = false): Promise<Env> {
  const { files, keys, record } = instance
  const registry = await instance.registryAt(cx, signed.schema)
  return openEnv(cx, signed, {
    registry,
    files,
    keys,
    source: facts.skin,
    origin: record.origin,
    session: signed.session,
    identityConfirmed: isConfirmed || signed.isConfirmed,
    isProven: isConfirmed || signed.isConfirmed || signed.how === 'key',
  })
}

function noteLater(databases: Databases, instance: Instance, signed: Signed): void {
  setImmediate(() => {
    noteUse(databases, instance, signed).catch(() => {
      // "Last seen" is a courtesy; the next call of that user writes it again.
    })
  })
}

const keyShape = /^[\x21-\x7e]{1,200}$/

/** Runs `work` unless this user has already had it done under this key; then the answer is the one he was given, or should have been. */
async function once({ cx }: Env, call: IdempotentCall, work: () => Promise<unknown>): Promise<unknown> {
  const reservation = await reserveKey(cx, call)
  if (reservation.isNew) {
    const text = jsonText(await work())
    await keepAnswer(cx, call, call.isToldOnce ? '' : text)
    return new RawJson(text)
  }
  if (!reservation.digest.equals(call.digest))
    throw new UserError('This Idempotency-Key was used for another call. Use a new key for each thing to be done.')
  if (reservation.answer === null) throw new Error('A reserved idempotency key was committed without its answer.')
  if (reservation.answer === '') throw new UserError('This was done already. What it answered was told once, and is kept nowhere.')
  return new RawJson(reservation.answer)
}

/** The digest is keyed: the call may carry a password, and a bare hash of it could be guessed at. */
function nameCall({ keys }: Instance, userId: number, key: string, { model, method, args, kwargs }: MethodCall): IdempotentCall {
  if (!keyShape.test(key)) throw new UserError('An Idempotency-Key has 1 to 200 visible ASCII characters.')
  const digest = createHmac('sha256', keys.derive('idempotency'))
    .update(JSON.stringify([model, method, args, kwargs]))
    .digest()
  return { userId, key, digest, isToldOnce: toldOnce.has(`${model}.${method}`) }
}

/** Their answers hold new API keys, of which only hashes are kept. */
const toldOnce: ReadonlySet<string> = new Set(['res.users.apikeys.description.make_key', 'res.users.identitycheck.run_check'])

const sweepEveryMs = 3_600_000

/** Old idempotency keys are swept by those who use them, at most once an hour in each process. */
class Sweeps {
  readonly #databases: Databases
  readonly #sweptAt = new Map<string, number>()

  constructor(databases: Databases) {
    this.#databases = databases
  }

  sweepSometimes({ database }: Instance): void {
    if (Date.now() - (this.#sweptAt.get(database) ?? 0) < sweepEveryMs) return
    this.#sweptAt.set(database, Date.now())
    this.#databases.use(database, sweepKeys).catch(() => this.#sweptAt.delete(database))
  }
}
