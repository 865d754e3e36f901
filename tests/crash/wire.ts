import { Agent, request } from 'node:http'

/** An answer that came in full. */
export interface Answer {
  readonly status: number
  readonly body: any
  readonly cookies: readonly string[]
  /** Of our end of the connection that it came over. */
  readonly port: number
}

/** What a caller was left without: nobody knows whether the call was carried out. */
export class Unanswered extends Error {}

export interface Post {
  readonly headers?: Readonly<Record<string, string>>
  readonly body: unknown
  /** A connection to keep; without one, each call has a connection of its own. */
  readonly agent?: Agent
}

/** Posts JSON and waits for the whole answer. Throws Unanswered when the connection was refused, broke, or was silent for 30 s. */
export function post(url: string, { headers = {}, body, agent }: Post): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const text = JSON.stringify(body)
    const call = request(url, {
      method: 'POST',
      agent: agent ?? false,
      timeout: 30_000,
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...headers },
    })
    const fail = (error: Error) => reject(new Unanswered(error.message))
    call.on('error', fail)
    call.on('timeout', () => call.destroy(new Error('no answer within 30 s')))
    call.on('response', (response) => {
      const port = response.socket.localPort!
      let received = ''
      response.setEncoding('utf8')
      response.on('data', (piece: string) => (received += piece))
      response.on('error', fail)
      response.on('close', () => {
        if (!response.complete) return fail(new Error('the answer broke off'))
        resolve({ status: response.statusCode!, body: JSON.parse(received), cookies: response.headers['set-cookie'] ?? [], port })
      })
    })
    call.end(text)
  })
}

/** A connection of its own, kept open. */
export const lane = (): Agent => new Agent({ keepAlive: true, maxSockets: 1 })

/** Somebody who calls `/json/2` with a key. */
export interface KeyHolder {
  readonly url: string
  readonly key: string
}

/** One call over `/json/2`; throws Unanswered for everything that is no answer about the call: also for 5xx, which says "try again". */
export async function call({ url, key }: KeyHolder, method: string, body: unknown, idempotencyKey?: string): Promise<any> {
  const headers = { authorization: `bearer ${key}`, ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }) }
  const { status, body: answer } = await post(`${url}/json/2/${method}`, { headers, body })
  if (status >= 500) throw new Unanswered(`${status}: ${JSON.stringify(answer)}`)
  if (status !== 200) throw new Error(`${method} was refused with ${status}: ${JSON.stringify(answer)}`)
  return answer
}
