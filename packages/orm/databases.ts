import pg from 'pg'
import { LockError, UserError } from './errors.ts'
import { type Connection, type Lent, Loan, Prepared } from './loan.ts'

export type { Connection, Lent }

export interface Budget {
  /** Connections of this process, over all databases. */
  total: number
  /** Connections of this process to one database. */
  perDatabase: number
  /** How long a connection may idle before it is closed. */
  idleMs: number
  /** How long a call waits for a connection before it is refused. */
  waitMs: number
}

/** How to reach a database by its key (an instance's name and generation, say). Asked each time a connection is opened. */
export type Resolve = (key: string) => Promise<pg.ClientConfig>

interface Slot {
  client: pg.Client
  prepared: Prepared
  key: string
  busy: boolean
  since: number
  broken: boolean
  /** What ended the connection, when PostgreSQL said so. */
  lostBy?: unknown
}
interface Waiter {
  key: string
  start: () => void
  fail: (error: Error) => void
  timer: NodeJS.Timeout
}

/** All database connections of a process: a budget shared by all databases, the longest idle one evicted first. */
export class Databases {
  readonly #budget: Budget
  readonly #resolve: Resolve
  readonly #slots: Slot[] = []
  #opening = 0
  #closing = 0
  readonly #openingOf = new Map<string, number>()
  readonly #waiters: Waiter[] = []
  readonly #sweep: NodeJS.Timeout
  #closed = false

  constructor(resolve: Resolve, budget: Partial<Budget> = {}) {
    this.#resolve = resolve
    this.#budget = { total: 40, perDatabase: 6, idleMs: 60_000, waitMs: 10_000, ...budget }
    this.#sweep = setInterval(() => this.#closeIdle(), Math.max(250, this.#budget.idleMs / 2))
    this.#sweep.unref()
  }

  /** Connections open, being opened or being closed; never more than the budget. */
  get size(): number {
    return this.#slots.length + this.#opening + this.#closing
  }

  /** Runs `work` on a connection to `key`; each statement commits by itself. */
  async use<T>(key: string, work: (cx: Lent) => Promise<T>): Promise<T> {
    const slot = await this.#take(key)
    try {
      return await new Loan(slot.client, slot.prepared).run(work)
    } finally {
      this.#give(slot)
    }
  }

  /**
   * Runs `work` in one read-committed transaction; deadlocks and serialization failures run it again, so `work` must have no effect outside.
   * `readonly` gives several statements one snapshot and lets PostgreSQL refuse writes.
   */
  async transaction<T>(key: string, work: (cx: Lent) => Promise<T>, options: { retries?: number; readonly?: boolean } = {}): Promise<T> {
    // With waits that double, the last ones longer than PostgreSQL takes to see a deadlock: of several callers each one comes through.
    const retries = options.retries ?? 6
    const opening = options.readonly ? 'begin isolation level repeatable read read only' : 'begin isolation level read committed'
    for (let attempt = 0; ; attempt++) {
      const slot = await this.#take(key)
      const loan = new Loan(slot.client, slot.prepared, opening)
      let isCommitting = false
      try {
        const result = await loan.run(work)
        isCommitting = true
        await loan.commit()
        return result
      } catch (error) {
        await loan.rollback().catch(() => {
          slot.broken = true
        })
        // Ended by a restore, say, before anything could last: whoever asks again asks the generation that is there then.
        if (!isCommitting && (isEnded(error) || isEnded(slot.lostBy))) throw new BusyError()
        if (!isTransient(error) || attempt >= retries)
          throw isTransient(error) ? new LockError('Others are changing the same records right now. Please try again.') : error
      } finally {
        this.#give(slot)
      }
      await new Promise((resolve) => setTimeout(resolve, 5 * 2 ** attempt * (0.5 + Math.random())))
    }
  }

  /** Closes the idle connections to `key`; busy ones close when they come back. */
  async evict(key: string): Promise<void> {
    const mine = this.#slots.filter((slot) => slot.key === key)
    for (const slot of mine) slot.broken = true
    await Promise.all(mine.filter((slot) => !slot.busy).map((slot) => this.#drop(slot)))
  }

  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#sweep)
    for (const waiter of this.#waiters.splice(0)) waiter.fail(new Error('The server is stopping.'))
    for (const slot of this.#slots) slot.broken = true
    await Promise.all(this.#slots.filter((slot) => !slot.busy).map((slot) => this.#drop(slot)))
  }

  async #take(key: string): Promise<Slot> {
    for (;;) {
      if (this.#closed) throw new Error('The server is stopping.')
      const idle = this.#slots.findLast((slot) => slot.key === key && !slot.busy && !slot.broken)
      if (idle) {
        idle.busy = true
        return idle
      }
      if (this.#mayOpen(key)) return this.#open(key)
      const victim = this.#hasRoom(key) ? this.#longestIdle() : undefined
      if (victim) await this.#drop(victim)
      else await this.#wait(key)
    }
  }

  #hasRoom(key: string): boolean {
    const mine = this.#slots.filter((slot) => slot.key === key).length + (this.#openingOf.get(key) ?? 0)
    return mine < this.#budget.perDatabase
  }

  #mayOpen(key: string): boolean {
    return this.size < this.#budget.total && this.#hasRoom(key)
  }

  #longestIdle(): Slot | undefined {
    return this.#slots.filter((slot) => !slot.busy).sort((a, b) => a.since - b.since)[0]
  }

  #wait(key: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        key,
        start: () => {
          clearTimeout(waiter.timer)
          resolve()
        },
        fail: (error) => {
          clearTimeout(waiter.timer)
          reject(error)
        },
        timer: setTimeout(() => {
          this.#waiters.splice(this.#waiters.indexOf(waiter), 1)
          reject(new BusyError())
        }, this.#budget.waitMs),
      }
      this.#waiters.push(waiter)
    })
  }

  async #open(key: string): Promise<Slot> {
    this.#opening++
    this.#openingOf.set(key, (this.#openingOf.get(key) ?? 0) + 1)
    let failed = true
    try {
      const client = new pg.Client({ ...(await this.#resolve(key)), pipeline: true })
      const slot: Slot = { client, prepared: new Prepared(client), key, busy: true, since: Date.now(), broken: false }
      // An idle one that PostgreSQL ended would hold its place until it is swept, while callers wait for a place.
      const lost = (error?: unknown): void => {
        slot.broken = true
        slot.lostBy ??= error
        if (!slot.busy) void this.#drop(slot)
      }
      client.on('error', lost)
      client.on('end', lost)
      await client.connect().catch((error: unknown) => {
        throw isReplaced(error) ? new BusyError() : error
      })
      this.#slots.push(slot)
      failed = false
      return slot
    } finally {
      this.#opening--
      const left = this.#openingOf.get(key)! - 1
      if (left === 0) this.#openingOf.delete(key)
      else this.#openingOf.set(key, left)
      if (failed) this.#wake()
    }
  }

  #give(slot: Slot): void {
    slot.busy = false
    slot.since = Date.now()
    if (slot.broken || this.#closed) void this.#drop(slot)
    this.#wake()
  }

  #wake(): void {
    // All are woken in their order: each looks again for itself, and whoever finds nothing waits on.
    for (const waiter of this.#waiters.splice(0)) waiter.start()
  }

  async #drop(slot: Slot): Promise<void> {
    const at = this.#slots.indexOf(slot)
    if (at < 0) return
    this.#slots.splice(at, 1)
    slot.broken = true
    // It counts until it is gone: PostgreSQL counts it too.
    this.#closing++
    await endOf(slot.client)
    this.#closing--
    this.#wake()
  }

  #closeIdle(): void {
    const limit = Date.now() - this.#budget.idleMs
    for (const slot of this.#slots.filter((one) => !one.busy && one.since < limit)) void this.#drop(slot)
  }
}

const endMs = 5_000

/** Resolves when the connection is closed; a server that does not answer any more is not waited for long. */
async function endOf(client: pg.Client): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, endMs)
  })
  // A connection that broke is as closed as one that was ended.
  await Promise.race([client.end().catch(() => undefined), late])
  clearTimeout(timer)
}

/** More calls than connections for longer than they may wait: the server answers 503. */
export class BusyError extends UserError {
  override name = 'BusyError'

  constructor() {
    super('The server is busy. Please try again in a moment.')
  }
}

/** The database takes no connections of ours, or is gone: another generation is taking its place (cloud.md §4). */
const isReplaced = (error: unknown): boolean => ['3D000', '42501', '55000'].includes((error as { code?: string }).code ?? '')

/** PostgreSQL ended the connection on somebody's order. */
const isEnded = (error: unknown): boolean => (error as { code?: string } | undefined)?.code === '57P01'

const isTransient = (error: unknown): boolean => {
  const { code } = error as { code?: string }
  return code === '40P01' || code === '40001'
}
