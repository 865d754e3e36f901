import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { Connection, Databases } from '@erp4/orm'
import { eraseRows, inboxState, logPage, noteErasure, sealPage, systemUses, type LogRow, type SealRow } from '../sql/audit.ts'

/** A trail as a verifier reads it: rows in the order of `seq`, each seal right after the last row it covers. */
export type TrailEntry = { row: LogRow } | { seal: SealRow } | { inbox: Inbox }

/** What was not sealed when the trail was read. */
export interface Inbox {
  waiting: number
  /** Rows whose erasure is noted, but not sealed yet. */
  erased: readonly number[]
}

const pageRows = 2000

/** The trail of a database at one moment: call it inside a read-only transaction. */
export async function* readTrail(cx: Connection): AsyncGenerator<TrailEntry> {
  const seals = pages(
    async (after) => cx.query<SealRow>(sealPage(after, pageRows)),
    (seal) => seal.n,
  )
  let seal = (await seals.next()).value
  for await (const row of pages(
    async (after) => cx.query<LogRow>(logPage(after, pageRows)),
    (one) => one.seq,
  )) {
    for (; seal && seal.last < row.seq; seal = (await seals.next()).value) yield { seal }
    yield { row }
  }
  for (; seal; seal = (await seals.next()).value) yield { seal }
  const [inbox] = await cx.query<{ waiting: number; erasures: { seq: number[] }[] }>(inboxState)
  yield { inbox: { waiting: inbox!.waiting, erased: inbox!.erasures.flatMap((entry) => entry.seq) } }
}

async function* pages<T>(read: (after: number) => Promise<T[]>, key: (one: T) => number): AsyncGenerator<T, undefined> {
  let page = await read(-1)
  while (page.length > 0) {
    yield* page
    page = await read(key(page.at(-1)!))
  }
  return undefined
}

/** One line of an export (NDJSON), bytes as base64. */
export function writeEntry(entry: TrailEntry): string {
  return JSON.stringify(entry, (_key, value: unknown) =>
    isJsonBuffer(value) ? { base64: Buffer.from(value.data).toString('base64') } : value,
  )
}

// Buffer.toJSON has run before a replacer sees the value.
const isJsonBuffer = (value: unknown): value is { data: number[] } =>
  typeof value === 'object' &&
  value !== null &&
  (value as { type?: unknown }).type === 'Buffer' &&
  Array.isArray((value as { data?: unknown }).data)

/** Entries of an export. A line that is none is an error that names the line. */
export async function* readExport(lines: Readable): AsyncGenerator<TrailEntry> {
  let number = 0
  for await (const line of createInterface({ input: lines, crlfDelay: Infinity })) {
    number++
    if (line === '') continue
    let entry: TrailEntry
    try {
      entry = JSON.parse(line, (_key, value: unknown) => (isBase64(value) ? Buffer.from(value.base64, 'base64') : value)) as TrailEntry
    } catch (error) {
      throw new Error(`Line ${number} of the export is no JSON.`, { cause: error })
    }
    if (!('row' in entry || 'seal' in entry || 'inbox' in entry))
      throw new Error(`Line ${number} of the export is neither a row nor a seal.`)
    yield entry
  }
}

const isBase64 = (value: unknown): value is { base64: string } =>
  typeof value === 'object' && value !== null && typeof (value as { base64?: unknown }).base64 === 'string'

/** Writes the whole trail at one moment, a line at a time; `write` may be slow, and is waited for. */
export async function exportTrail(databases: Databases, database: string, write: (line: string) => Promise<void> | void): Promise<number> {
  return databases.transaction(
    database,
    async (cx) => {
      let lines = 0
      for await (const entry of readTrail(cx)) {
        await write(writeEntry(entry) + '\n')
        lines++
      }
      return lines
    },
    { readonly: true, retries: 0 },
  )
}

/**
 * Takes the content and the salt out of sealed rows, for a request of deletion or at the end of a retention period. Their
 * hashes stay, so the chain still verifies; an entry in the trail says which rows, who and why.
 * `cx` must be a transaction of the owner role: neither the runtime nor the sealer may do this.
 * @returns the rows erased; entries about erasures are left alone.
 */
export async function eraseAudit(
  cx: Connection,
  seqs: readonly number[],
  why: { actor: number | null; reason: string },
): Promise<number[]> {
  const erased = (await cx.query<{ seq: number }>(eraseRows(seqs))).map((row) => row.seq).sort((a, b) => a - b)
  if (erased.length > 0)
    await cx.query(noteErasure({ actor: why.actor, source: 'erasure', change: JSON.stringify({ seq: erased, reason: why.reason }) }))
  return erased
}

/** One reason for which code ran without access rules. */
export interface SystemUse {
  reason: string
  count: number
  /** `YYYY-MM-DD HH:MI`, UTC. */
  last: string
}

/** Every reason in the trail, the most frequent first, also of what is not sealed yet. */
export const readSystemUses = (cx: Connection): Promise<SystemUse[]> => cx.query<SystemUse>(systemUses)
