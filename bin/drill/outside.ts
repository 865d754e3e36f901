import { Agent, request } from 'node:http'
import { appendFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

/** An instance as somebody outside knows it: a host name, and a person with a password. */
export interface Account {
  name: string
  hostName: string
  login: string
  password: string
}

/** A marker that an instance has acknowledged, or that was found there. */
export interface Marker {
  number: number
  /** ms since 1970, when the acknowledgement came. */
  at: number
}

const patienceMs = 10_000
const subject = 'Marker of a drill'

/** Posts JSON to a port of this machine under a host name, as a proxy would after the name was pointed here. Rejects when there is no whole answer. */
function post(
  port: number,
  hostName: string,
  path: string,
  body: unknown,
  cookie = '',
): Promise<{ status: number; body: string; cookie: string }> {
  return new Promise((resolve, reject) => {
    const text = JSON.stringify(body)
    const headers = {
      host: hostName,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
      ...(cookie ? { cookie } : {}),
    }
    const call = request({ host: '127.0.0.1', port, path, method: 'POST', headers, agent, timeout: patienceMs }, (response) => {
      let received = ''
      response.setEncoding('utf8')
      response.on('data', (piece: string) => (received += piece))
      response.on('error', reject)
      response.on('end', () => {
        const given = (response.headers['set-cookie'] ?? []).map((one) => one.split(';')[0]).join('; ')
        resolve({ status: response.statusCode ?? 0, body: received, cookie: given })
      })
    })
    call.on('timeout', () => call.destroy(new Error('no answer')))
    call.on('error', reject)
    call.end(text)
  })
}

const agent = new Agent({ keepAlive: false })

/** A signed-in session: calls one method of a model. */
export type Call = (model: string, method: string, args: readonly unknown[], kwargs?: object) => Promise<unknown>

/** Signs in under the instance's host name; rejects when it is not there, or the password is wrong. */
export async function signIn(port: number, { name, hostName, login, password }: Account): Promise<Call> {
  const { cookie } = await rpc(port, hostName, '/web/session/authenticate', { db: name, login, password })
  return async (model, method, args, kwargs = {}) =>
    (await rpc(port, hostName, `/web/dataset/call_kw/${model}/${method}`, { model, method, args, kwargs }, cookie)).result
}

async function rpc(
  port: number,
  hostName: string,
  path: string,
  params: object,
  cookie = '',
): Promise<{ result: unknown; cookie: string }> {
  const answer = await post(port, hostName, path, { jsonrpc: '2.0', method: 'call', id: 1, params }, cookie)
  if (answer.status !== 200) throw new Error(`${hostName} answered ${answer.status}`)
  const { result, error } = JSON.parse(answer.body) as { result?: unknown; error?: { data?: { message?: string } } }
  if (error) throw new Error(`${hostName}: ${error.data?.message ?? 'refused'}`)
  return { result, cookie: answer.cookie }
}

/** Puts a file of so many random bytes into an instance. */
export const upload = (call: Call, bytes: Buffer): Promise<unknown> =>
  call('ir.attachment', 'create', [{ name: 'weight.bin', datas: bytes.toString('base64') }])

/** Writes a marker every `everyMs`, until it is stopped or the instance is gone; each that was acknowledged is a line of the ledger. */
export class Writer {
  readonly acknowledged: Marker[] = []
  #stopped = false
  readonly #done: Promise<void>

  constructor(account: Account, call: Call, { ledger, everyMs }: { ledger: string; everyMs: number }) {
    this.#done = this.#write(account, call, ledger, everyMs)
  }

  /** Whether a marker is acknowledged within this time: what a set lacks is counted from one that it has. */
  async begins(withinMs: number): Promise<boolean> {
    for (const until = Date.now() + withinMs; this.acknowledged.length === 0 && Date.now() < until; await pause(50));
    return this.acknowledged.length > 0
  }

  /** Resolves when the call under way has ended, however. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#done
  }

  async #write({ name }: Account, call: Call, ledger: string, everyMs: number): Promise<void> {
    for (let number = 1; !this.#stopped; number++) {
      const began = Date.now()
      // One that is not acknowledged was never promised.
      const isWritten = await call('res.partner', 'create', [{ name: `${subject} ${number}` }]).then(
        () => true,
        () => false,
      )
      if (isWritten) {
        const marker = { number, at: Date.now() }
        appendFileSync(ledger, `${JSON.stringify({ instance: name, ...marker })}\n`)
        this.acknowledged.push(marker)
      }
      while (!this.#stopped && Date.now() < began + everyMs) await pause(50)
    }
  }
}

/** Number of the newest marker that an instance has; 0 when none. */
export async function newestMarker(call: Call): Promise<number> {
  const found = (await call('res.partner', 'search_read', [[['name', 'like', subject]]], {
    fields: ['name'],
    order: 'id desc',
    limit: 1,
  })) as {
    name: string
  }[]
  return found[0] ? Number(found[0].name.slice(subject.length)) : 0
}

export interface Return {
  /** ms since 1970. */
  at: number
  newest: number
}

/** Tries until somebody outside can sign in and read the newest marker; undefined when `deadline` has passed or `signal` fires. */
export async function untilBack(
  port: () => number | undefined,
  account: Account,
  deadline: number,
  signal: AbortSignal,
): Promise<Return | undefined> {
  while (Date.now() < deadline && !signal.aborted) {
    const open = port()
    const newest =
      open === undefined
        ? undefined
        : await signIn(open, account)
            .then(newestMarker)
            .catch(() => undefined)
    if (newest !== undefined) return { at: Date.now(), newest }
    await pause(400)
  }
  return undefined
}
