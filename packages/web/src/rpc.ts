import { companies } from './companies.ts'
import { start } from './start.ts'

/** What the server would not do, in its own words, which are for people. */
export class Refusal extends Error {
  override name = 'Refusal'
  /** `odoo.exceptions.AccessError` and its like. */
  readonly kind: string
  readonly details: readonly unknown[]

  constructor(kind: string, message: string, details: readonly unknown[]) {
    super(message)
    this.kind = kind
    this.details = details
  }

  /** Somebody else saved first; the fields that differ are in `details`. */
  get isConflict(): boolean {
    return this.kind.endsWith('.ConflictError')
  }
  get isAccess(): boolean {
    return this.kind.endsWith('.AccessError')
  }
  /** The caller's password is wanted first. */
  get isIdentity(): boolean {
    return this.kind.endsWith('.IdentityError')
  }
}

/** No answer came. Nothing may have happened, or all of it. */
export class Unreachable extends Error {
  override name = 'Unreachable'
}

/** The session is over. */
export class SignedOut extends Error {
  override name = 'SignedOut'
}

interface Answer {
  readonly result?: unknown
  readonly error?: {
    readonly code: number
    readonly data: { readonly name: string; readonly message: string; readonly arguments: unknown[] }
  }
}

const listeners = new Set<(isReachable: boolean) => void>()

/** Calls `listener` with whether the server answered, at every answer. */
export function onReach(listener: (isReachable: boolean) => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Told whether something waits because the server asked for that. There is one, in the shell (`Offline`). */
let tellHeld: (isAny: boolean) => void = () => {}
export const onWait = (tell: (isAny: boolean) => void): void => void (tellHeld = tell)
let held = 0

/** Longer than this nobody is left to wait: then it is said as any other refusal. */
const longestWaitSeconds = 10

/** Lets the person sign in again where he is; answers whether he did. There is one, in the shell (`SignInAgain`). */
let signInAgain: () => Promise<boolean> = () => Promise.resolve(false)
export const onSignedOut = (ask: () => Promise<boolean>): void => void (signInAgain = ask)

/** Asks for the password before something that opens doors; answers whether it was given. There is one, in the shell (`ConfirmIdentity`). */
let confirmIdentity: () => Promise<boolean> = () => Promise.resolve(false)
export const onIdentityAsked = (ask: () => Promise<boolean>): void => void (confirmIdentity = ask)

/** Told when fields that people made have become others since the page was loaded. */
let fieldsChanged: () => void = () => {}
export const onFieldsChanged = (tell: () => void): void => void (fieldsChanged = tell)
let { fields: stamp } = start

/** Whether the server answers, told to the listeners of `onReach`. */
export const probe = (): Promise<void> =>
  post('/web/webclient/version_info', {}).then(
    () => {},
    () => {},
  )

/** Opens a session for the user of this page. Throws a Refusal with the server's sentence for a wrong password, or too many of them. */
export const signIn = (password: string): Promise<unknown> =>
  post('/web/session/authenticate', { db: start.session.db, login: start.session.username, password })

export const signOut = (): Promise<unknown> => post('/web/session/destroy', {})

/** `keepalive`: goes on when the page is left. */
async function post(path: string, params: unknown, how: Pick<RequestInit, 'keepalive' | 'signal'> = {}): Promise<unknown> {
  let answer: Answer
  let retryAfter = 0
  try {
    const response = await fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', method: 'call', id: 1, params }),
      ...how,
    })
    if (response.status >= 502) throw new Error(String(response.status))
    answer = response.ok ? ((await response.json()) as Answer) : await refused(response)
    retryAfter = Number(response.headers.get('retry-after') ?? 0)
    const now = response.headers.get('x-erp4-fields') ?? stamp
    // Before whoever asked takes the answer, which may bring the views as they are now.
    if (now !== stamp) {
      stamp = now
      fieldsChanged()
    }
  } catch (error) {
    // Taken back by ourselves: no word about the server.
    if (how.signal?.aborted) throw error
    for (const tell of listeners) tell(false)
    throw new Unreachable('unreachable', { cause: error })
  }
  for (const tell of listeners) tell(true)
  if (!answer.error) return answer.result
  // Nothing was done: it may be asked again, whatever it was.
  if (retryAfter > 0 && retryAfter <= longestWaitSeconds && !how.keepalive) {
    tellHeld(++held > 0)
    await new Promise((resolve) => setTimeout(resolve, retryAfter * 1000))
    return post(path, params, how).finally(() => tellHeld(--held > 0))
  }
  if (answer.error.code === 100) {
    if (await signInAgain()) return post(path, params, how)
    throw new SignedOut()
  }
  const { name, message, arguments: details } = answer.error.data
  const refusal = new Refusal(name, message, details)
  if (refusal.isIdentity && (await confirmIdentity())) return post(path, params, how)
  throw refusal
}

async function refused(response: Response): Promise<Answer> {
  return { error: { code: 0, data: { name: `http.${response.status}`, message: await response.text(), arguments: [] } } }
}

const context = () => ({ ...start.session.user_context, allowed_company_ids: companies() })

/** A question of the client's own: `/web/client/<name>`. */
export const ask = <T>(
  name: 'views' | 'list' | 'form' | 'counts' | 'board' | 'groups' | 'find' | 'menus' | 'steps' | 'mail_test',
  params: Record<string, unknown>,
): Promise<T> =>
  post(`/web/client/${name}`, { ...params, context: { ...context(), ...(params['context'] as object | undefined) } }) as Promise<T>

/** A question of import and export: `/web/transfer/<name>`. */
export const transfer = <T>(name: string, params: Record<string, unknown>): Promise<T> =>
  post(`/web/transfer/${name}`, { ...params, context: { ...context(), ...(params['context'] as object | undefined) } }) as Promise<T>

/** Sends a file as it is, to be imported into `model`. Throws what `transfer` throws. */
export async function sendFile<T>(file: File, model: string): Promise<T> {
  const query = new URLSearchParams({ model, name: file.name, lang: start.session.user_context.lang })
  const response = await fetch(`/web/transfer/upload?${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body: file,
  }).catch((error: unknown) => {
    throw new Unreachable('unreachable', { cause: error })
  })
  const { result, error } = response.ok ? ((await response.json()) as Answer) : await refused(response)
  if (!error) return result as T
  if (error.code === 100) throw new SignedOut()
  throw new Refusal(error.data.name, error.data.message, error.data.arguments)
}

/** A method of a model, as every integration calls it. */
export const call = <T>(model: string, method: string, args: readonly unknown[] = [], kwargs: Record<string, unknown> = {}): Promise<T> =>
  post(`/web/dataset/call_kw/${model}/${method}`, {
    model,
    method,
    args,
    kwargs: { ...kwargs, context: { ...context(), ...(kwargs['context'] as object | undefined) } },
  }) as Promise<T>

/** Keeps a choice of this user (`ir.view.choice`), also while the page is being left. */
export const keep = (args: readonly unknown[], signal: AbortSignal): Promise<unknown> =>
  post(
    '/web/dataset/call_kw/ir.view.choice/keep',
    { model: 'ir.view.choice', method: 'keep', args, kwargs: { context: context() } },
    { keepalive: true, signal },
  )

/** A button: the answer is what to do next, or false. */
export const press = (model: string, method: string, ids: readonly number[]): Promise<Record<string, unknown> | false> =>
  post(`/web/dataset/call_button/${model}/${method}`, { model, method, args: [ids], kwargs: { context: context() } }) as Promise<
    Record<string, unknown> | false
  >
