import { randomBytes } from 'node:crypto'
import type { Connection, Databases } from '@erp4/orm'
import { inboxBatch, insertSeal, lastSeal, lockTrail, moveBatch, type InboxRow, type SealRow } from '../sql/audit.ts'
import { chainHash, genesis, rowHash, signedHead, signHead, type SealingKey, type SignedHead } from './chain.ts'

const batchRows = 2000
const batchBytes = 16 * 1024 * 1024

/** One trail to be sealed. */
export interface Trail {
  /** The key of its database for `Databases`, opened as the instance's seal role. */
  database: string
  /** The instance's uuid. */
  chain: string
  key: SealingKey
}

export interface SealedBatch {
  /** Rows moved into the chain; 0 when nothing waited or another sealer is at it. */
  rows: number
  /** The trail's newest head, also when this batch added none; null for an empty trail or while another sealer holds it. */
  head: SignedHead | null
}

/**
 * Moves the oldest rows of the inbox into the chain, in one transaction: all of them with their seal, or none.
 * Chain order is the order of sealing: a row that commits late lands in a later batch.
 */
export const sealBatch = (databases: Databases, trail: Trail, rows = batchRows): Promise<SealedBatch> =>
  databases.transaction(trail.database, (cx) => seal(cx, trail, rows))

async function seal(cx: Connection, trail: Trail, limit: number): Promise<SealedBatch> {
  const [lock] = await cx.query<{ mine: boolean }>(lockTrail)
  if (!lock!.mine) return { rows: 0, head: null }
  const [last] = await cx.query<SealRow>(lastSeal)
  const waiting = await cx.query<InboxRow>(inboxBatch(limit, batchBytes))
  if (waiting.length === 0) return { rows: 0, head: last ? signedHead(last) : null }

  const firstSeq = (last?.last ?? 0) + 1
  const chained = chain(waiting, last?.head ?? genesis, firstSeq)
  const stored = await cx.query(moveBatch({ ids: waiting.map((row) => row.id), firstSeq, ...chained }))
  if (stored.length !== waiting.length)
    throw new Error(`Of ${waiting.length} audit rows ${stored.length} were sealed; the batch is given back.`)

  const at = new Date().toISOString()
  const head = chained.hashes.at(-1)!
  const place = { n: (last?.n ?? 0) + 1, first: firstSeq, last: firstSeq + waiting.length - 1 }
  const signed = signHead(
    { v: 1, kind: 'audit_head', chain: trail.chain, n: place.n, first: place.first, seq: place.last, head: head.toString('hex'), at },
    trail.key,
  )
  await cx.query(
    insertSeal({ ...place, head, at, payload: signed.payload, key: signed.key, signature: Buffer.from(signed.signature, 'base64') }),
  )
  return { rows: waiting.length, head: signed }
}

function chain(rows: readonly InboxRow[], start: Buffer, firstSeq: number) {
  // A salt of another length could be cut differently from the row behind it; such a row came past the ORM, and gets a proper one.
  const salts = rows.map((row) => (row.salt?.length === 16 ? row.salt : randomBytes(16)))
  const rowHashes = rows.map((row, i) => rowHash(salts[i]!, row))
  const hashes: Buffer[] = []
  for (const [i, hash] of rowHashes.entries()) hashes.push(chainHash(hashes[i - 1] ?? start, firstSeq + i, hash))
  return { salts, rowHashes, hashes }
}

export interface SealerOptions {
  /** Connections as the seal roles. */
  databases: Databases
  /** The trails that may hold unsealed rows: instances with an active lease (kernel §2.9). Asked at each visit. */
  due: () => Promise<readonly Trail[]>
  /** Takes each new head out of the instance: the host registry. Given again until it resolves. */
  onHead: (chain: string, head: SignedHead) => Promise<void>
  onError: (error: unknown, chain: string | null) => void
  everyMs?: number
}

/** Seals the trails of active instances, one visit a second. Several may run: each batch is one sealer's alone. */
export class Sealer {
  readonly #options: SealerOptions
  /** The newest head told for each chain, by its payload. */
  readonly #told = new Map<string, string>()
  #timer: NodeJS.Timeout | undefined
  #visit: Promise<void> = Promise.resolve()
  #isStopping = false

  constructor(options: SealerOptions) {
    this.#options = options
  }

  start(): void {
    this.#visit = this.visit().finally(() => {
      if (!this.#isStopping) this.#timer = setTimeout(() => this.start(), this.#options.everyMs ?? 1000)
    })
  }

  /** Ends after the batch at hand. */
  async stop(): Promise<void> {
    this.#isStopping = true
    clearTimeout(this.#timer)
    await this.#visit
  }

  /** One round over the trails that are due; a trail that fails does not hold up the others. */
  async visit(): Promise<void> {
    const due = await this.#options.due().catch((error: unknown) => {
      this.#options.onError(error, null)
      return []
    })
    for (const trail of due) {
      if (this.#isStopping) return
      await this.#seal(trail).catch((error: unknown) => this.#options.onError(error, trail.chain))
    }
  }

  async #seal(trail: Trail): Promise<void> {
    let batch: SealedBatch
    do batch = await sealBatch(this.#options.databases, trail)
    while (batch.rows > 0 && !this.#isStopping)
    if (batch.head === null || this.#told.get(trail.chain) === batch.head.payload) return
    await this.#options.onHead(trail.chain, batch.head)
    this.#told.set(trail.chain, batch.head.payload)
  }
}
