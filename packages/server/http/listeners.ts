import type { RequestListener, Server } from 'node:http'
import { type Socket, Server as NetServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { createServer } from './node-http.ts'

/** How long clients may take before they are cut off. */
export interface Timeouts {
  /** For the headers of a request, from its first byte. */
  headersMs: number
  /** For the whole request. */
  requestMs: number
  /** Between two requests of a connection; longer than proxies in front keep theirs, so that they close first. */
  idleMs: number
  /** Without a byte in either direction, while a request is being answered: also the longest that a call may take. */
  silentMs: number
  /** After the door closed, for a request that was on its way along a kept connection. */
  arrivalMs: number
}

export const defaultTimeouts: Timeouts = { headersMs: 10_000, requestMs: 60_000, idleMs: 72_000, silentMs: 300_000, arrivalMs: 200 }
const maxHeaderBytes = 16 << 10

export interface ListenOptions {
  port: number
  /** Numeric addresses to listen on. */
  addresses: readonly string[]
  /** Several processes listen on the same port, and the kernel deals connections out to them. */
  isShared?: boolean
}

/** The sockets of one HTTP application: one for each address, all with the same handler. */
export class Listeners {
  readonly #handler: RequestListener
  readonly #timeouts: Timeouts
  readonly #servers = new Map<string, Server>()

  constructor(handler: RequestListener, timeouts: Partial<Timeouts> = {}) {
    this.#handler = handler
    this.#timeouts = { ...defaultTimeouts, ...timeouts }
  }

  /**
   * Listens on these addresses and no longer on others; those that stay are not interrupted. Gives the port, which the system chooses when 0 is
   * asked for. Fails with Node's error (`EADDRINUSE`, `EACCES`, …) and leaves the others listening.
   */
  async listen({ port, addresses, isShared = false }: ListenOptions): Promise<number> {
    const gone = [...this.#servers].filter(([address]) => !addresses.includes(address))
    for (const [address, server] of gone) {
      this.#servers.delete(address)
      void close(server, this.#timeouts.arrivalMs)
    }
    let actual = port
    for (const address of addresses) {
      const server = this.#servers.get(address) ?? (await this.#open({ port: actual, address, isShared }))
      this.#servers.set(address, server)
      actual = (server.address() as { port: number }).port
    }
    return actual
  }

  /** Lets nobody new in, waits until everyone inside is answered, and cuts off whoever still is not after `limitMs`. */
  async close(limitMs: number): Promise<void> {
    const servers = [...this.#servers.values()]
    this.#servers.clear()
    const cutting = setTimeout(() => servers.forEach((server) => server.closeAllConnections()), limitMs)
    await Promise.all(servers.map((server) => close(server, this.#timeouts.arrivalMs)))
    clearTimeout(cutting)
  }

  async #open({ port, address, isShared }: { port: number; address: string; isShared: boolean }): Promise<Server> {
    const { headersMs, requestMs, idleMs, silentMs } = this.#timeouts
    const server = createServer(
      {
        headersTimeout: headersMs,
        requestTimeout: requestMs,
        keepAliveTimeout: idleMs,
        connectionsCheckingInterval: Math.min(5_000, headersMs),
        maxHeaderSize: maxHeaderBytes,
        // Asked for here, it would be a 400 that differs from a stranger's 404.
        requireHostHeader: false,
      },
      this.#handler,
    )
    server.timeout = silentMs
    server.on('clientError', refuseMalformed)
    // Node would say 417 to whoever expects something, and so to strangers that here is somebody.
    server.on('checkExpectation', this.#handler)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ port, host: address, reusePort: isShared, backlog: 511 }, resolve)
    })
    return server
  }
}

/** What is no HTTP has no host name: it is told no more than a stranger. */
function refuseMalformed(error: { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const status = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : '400 Bad Request'
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

/** Whoever keeps a connection may have a request on the way when the door closes: for `arrivalMs` he is no idler. */
async function close(server: Server, arrivalMs: number): Promise<void> {
  // Not HTTP's own `close`, which at once cuts off whoever is between two requests.
  const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve()))
  await Promise.race([closed, pause(arrivalMs, undefined, { ref: false })])
  // A connection that was answering when the door closed would idle on until its keep-alive ends.
  const sweeping = setInterval(() => server.closeIdleConnections(), 50)
  server.close()
  await closed
  clearInterval(sweeping)
}
