import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { sessionToken } from './http/facts.ts'
import { FloodError, wireError } from './rpc/errors.ts'
import { answerUnavailable, ofTheProcess } from './suspended.ts'

/** Requests that a process answers in a minute, for each instance; 0: as many as come. */
export interface RequestLimits {
  /** Of one session or one API key; and of all from one network who bring neither, as programs do that send a password with each call. */
  readonly perPerson: number
  /** From one IPv4 address or IPv6 /64, whoever it is: an office sits behind one. */
  readonly perNetwork: number
}

/**
 * 500 a second, which no program reaches that waits for each answer, not even one that moves a whole company's records here; four of those who ask
 * without waiting reach the second.
 */
export const defaultRequestLimits: RequestLimits = { perPerson: 30_000, perNetwork: 120_000 }

/** Whom a process remembers at most. Who is forgotten has his minute anew; whoever goes on is never the one. */
const mostKnown = 20_000
const minuteMs = 60_000

/**
 * So many requests a minute for each key, all at once or one by one: whoever used them up gets one for each that his pace would have allowed
 * since. One number for each key, and for no more keys than `mostKnown`: strangers with many addresses fill no memory.
 */
export class Pace {
  readonly #now: () => number
  /** When each key would be through with what it asked, at its pace. Half of those we may know, and those who asked before them. */
  #through = new Map<string, number>()
  #before = new Map<string, number>()

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  get known(): number {
    return this.#through.size + this.#before.size
  }

  /** Counts one request of `key`; or, where its minute is used up, counts nothing and gives the seconds until it may ask again. */
  take(key: string, perMinute: number): number {
    if (perMinute === 0) return 0
    const now = this.#now()
    const through = Math.max(this.#through.get(key) ?? this.#before.get(key) ?? 0, now) + minuteMs / perMinute
    const isOver = through > now + minuteMs
    this.#through.set(key, isOver ? through - minuteMs / perMinute : through)
    if (this.#through.size > mostKnown / 2) [this.#before, this.#through] = [this.#through, new Map()]
    return isOver ? Math.ceil((through - now - minuteMs) / 1000) : 0
  }
}

/**
 * Keeps one runaway program from the processors of all: who asks more than the limits is told to wait, in the words of his protocol, before
 * anything was done. To be called before routes are added.
 */
export function holdFloods(http: FastifyInstance, limits: RequestLimits, pace = new Pace()): void {
  // When the body has been read, as the protocols' answers name what they answer.
  http.addHook('preHandler', async (request, reply) => {
    if (ofTheProcess.has(request.routeOptions.url ?? '')) return undefined
    const { name } = request.instance
    const seconds =
      pace.take(`${name} from ${request.network}`, limits.perNetwork) || pace.take(`${name} ${personOf(request)}`, limits.perPerson)
    if (seconds === 0) return undefined
    reply.header('retry-after', String(seconds))
    return answerUnavailable(request, reply, wireError(new FloodError(seconds), 'json2', request.id))
  })
}

/** Not whose it is, which only the database knows: what he shows, digested, as nothing that opens doors lies in memory for a minute. */
function personOf(request: FastifyRequest): string {
  const shown = request.headers.authorization ?? sessionToken(request)
  return shown === undefined ? `nobody from ${request.network}` : createHash('sha256').update(shown).digest('base64')
}
