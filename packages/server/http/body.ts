import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { BusyError } from '@erp4/orm'
import { sourceNetwork } from '../auth/index.ts'

export interface BodyLimits {
  /** Bytes of one body. Files travel as base64 inside RPC calls, so this is also the largest file. */
  maxBytes: number
  /** Bytes of all bodies being read or worked on in this process: what strangers can make it hold. */
  maxTotalBytes: number
}

export const defaultBodyLimits: BodyLimits = { maxBytes: 64 << 20, maxTotalBytes: 512 << 20 }

/** A body longer than this route takes. */
export class BodyTooLarge extends Error {
  override name = 'BodyTooLarge'
  readonly statusCode = 413
}

/**
 * The bytes of bodies in memory, over all requests of this process. When half of what there is is held, no network gets more than a quarter: one
 * that sends large bodies slowly leaves room for the others.
 */
export class BodyBudget {
  readonly #limits: BodyLimits
  readonly #bySource = new Map<string, number>()
  #held = 0

  constructor(limits: BodyLimits) {
    this.#limits = limits
  }

  get heldBytes(): number {
    return this.#held
  }

  /** Counts `bytes` more for a request that holds `ofRequest` with them. Throws BodyTooLarge, or BusyError where there is no room now. */
  take(bytes: number, { ofRequest, routeMaxBytes, source }: { ofRequest: number; routeMaxBytes: number; source: string }): void {
    const { maxBytes, maxTotalBytes } = this.#limits
    if (ofRequest > Math.min(maxBytes, routeMaxBytes)) throw new BodyTooLarge('The request is too large.')
    const ofSource = (this.#bySource.get(source) ?? 0) + bytes
    const isScarce = this.#held > maxTotalBytes / 2
    if (this.#held + bytes > maxTotalBytes || (isScarce && ofSource > maxTotalBytes / 4)) throw new BusyError()
    this.#held += bytes
    this.#bySource.set(source, ofSource)
  }

  release(bytes: number, source: string): void {
    this.#held -= bytes
    const left = (this.#bySource.get(source) ?? 0) - bytes
    if (left > 0) this.#bySource.set(source, left)
    else this.#bySource.delete(source)
  }
}

/**
 * Bodies reach handlers as a Buffer, whatever their content type: each route says itself which it takes, so nothing is parsed that nobody
 * asked for. The bytes count against `budget` until the answer has been sent, or has nobody left to go to.
 */
export function readBodies(app: FastifyInstance, budget: BodyBudget): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (request, payload, done) => {
    collect(request, payload, budget).then((body) => done(null, body), done)
  })
  app.addHook('onRequest', (request, reply, done) => {
    // Asked for once: a socket whose client went away has no address any more.
    request.network = sourceNetwork(request.ip ?? '')
    // On the answer's own end, which comes for clients that went away too, as the framework's hook does not.
    if (request.method !== 'GET') reply.raw.once('close', () => budget.release(request.heldBytes, request.network))
    done()
  })
  app.decorateRequest('heldBytes', 0)
  app.decorateRequest('network', '')
}

function collect(request: FastifyRequest, payload: IncomingMessage, budget: BodyBudget): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const routeMaxBytes = request.routeOptions.bodyLimit ?? Infinity
    const source = request.network
    payload.on('data', (chunk: Buffer) => {
      try {
        budget.take(chunk.length, { ofRequest: request.heldBytes + chunk.length, routeMaxBytes, source })
        request.heldBytes += chunk.length
        chunks.push(chunk)
      } catch (error) {
        payload.removeAllListeners('data')
        // What still comes is thrown away, so that the answer can be read by a client that is still sending.
        payload.resume()
        reject(error)
      }
    })
    payload.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
    payload.on('error', reject)
    payload.on('close', () => {
      if (!payload.readableEnded) reject(new Error('The client went away while sending.'))
    })
  })
}

/** The media type of a request, lower case, without parameters. */
export function mediaType(request: FastifyRequest): string {
  const type = request.headers['content-type'] ?? ''
  const end = type.indexOf(';')
  return (end < 0 ? type : type.slice(0, end)).trim().toLowerCase()
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Bytes of this request's body that count against the process's budget. */
    heldBytes: number
    /** Whom they count for. */
    network: string
  }
}
