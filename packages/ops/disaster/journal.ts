import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { OpsError } from '../errors.ts'
import { writeDurably } from '../files.ts'
import type { Home } from '../home.ts'

/** One instance in a recovery. */
export interface RecoveryItem {
  /** uuid */
  instance: string
  name: string
  plan: 'paid' | 'free'
  kind: 'live' | 'copy'
  /** The set that is tried next, or was restored. */
  set: string
  /** Its point in time, ISO 8601: everything later is lost. */
  taken: string
  /** As stored, and what is inside: database and files. */
  bytes: number
  plainBytes: number
  isCertified: boolean
  attempts: number
  state: 'waiting' | 'restoring' | 'done' | 'failed'
  /** ISO 8601. */
  started: string | null
  ended: string | null
  /** Of the attempt that succeeded. */
  seconds: number | null
  location: string | null
  /** What was held back, ended and skipped. */
  reconciled: Readonly<Record<string, unknown>> | null
  errors: readonly string[]
}

/** What a recovery had in mind and how far it came, in `<home>/recovery.json`: a killed one goes on by it. */
export interface RecoveryJournal {
  v: 1
  /** Of the kit: the host that was lost, and its root key's id. */
  host: string
  root: string
  started: string
  ended: string | null
  /** In the order that was fixed at the start; null until it was. */
  items: RecoveryItem[] | null
  /** Instances that were left alone, and why. */
  skipped: readonly { instance: string; why: string }[]
  problems: readonly string[]
}

const fileOf = (home: Pick<Home, 'dir'>): string => join(home.dir, 'recovery.json')

/** The recovery that was begun in a home, if one was. */
export function readJournal(home: Pick<Home, 'dir'>): RecoveryJournal | undefined {
  if (!existsSync(fileOf(home))) return undefined
  try {
    const journal = JSON.parse(readFileSync(fileOf(home), 'utf8')) as RecoveryJournal
    if (journal.v === 1) return journal
  } catch {
    // the same sentence
  }
  throw new OpsError('damaged_home', `${fileOf(home)} is no journal of a recovery: choose another home and begin anew.`)
}

export const writeJournal = (home: Pick<Home, 'dir'>, journal: RecoveryJournal): void =>
  writeDurably(fileOf(home), `${JSON.stringify(journal, null, 1)}\n`, { mode: 0o600 })
