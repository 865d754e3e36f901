import { spawnSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { OpsError } from '../errors.ts'
import { ensureFolder, syncFolder, writeDurably } from '../files.ts'
import type { Home } from '../home.ts'
import type { Host } from '../host.ts'
import type { SignerPurpose } from '../keys/signers.ts'
import { ulid } from '../ulid.ts'
import { checkOf } from './checks.ts'
import {
  hashOf,
  noRecord,
  openLine,
  signLine,
  type EvidenceFile,
  type EvidenceRecord,
  type Measure,
  type Result,
  type Subject,
} from './record.ts'

/** What a check has to say; the registry of checks says the rest. */
export interface Observation {
  /** Its id in checks.ts. */
  check: string
  subject: Subject
  started: Date
  /** Now, unless given. */
  finished?: Date
  result: Result
  reason?: string
  measures?: readonly Measure[]
  evidence?: readonly EvidenceFile[]
  scope?: EvidenceRecord['scope']
  commit?: string
}

/** How far the chain of a host had come: signed, and kept apart from it, to see that nothing is missing at its end. */
export interface ChainHead {
  v: 1
  host: string
  seq: number
  hash: string
}

/** `<home>/evidence/2026-01.jsonl`, one line a record; the names sort as the records do. */
export const evidenceFolder = (home: Home): string => join(home.dir, 'evidence')
export const headFile = (home: Home): string => join(evidenceFolder(home), 'head.json')
export const isMonth = (name: string): boolean => /^\d{4}-(0[1-9]|1[0-2])\.jsonl$/.test(name)

/** The files of records, oldest first. */
export function evidenceFiles(home: Home): string[] {
  const folder = evidenceFolder(home)
  return existsSync(folder) ? readdirSync(folder).filter(isMonth).sort() : []
}

/**
 * Signs a record of a check and appends it, durably, as the next link of the host's chain. Needs no database. Two processes that record at
 * once wait for each other. Certificates of restore tests are signed with the verifier's key, all else with the host's. The line is what
 * may be kept elsewhere, too: it stands for itself.
 */
export function record(
  host: Pick<Host, 'home' | 'keys'>,
  observation: Observation,
  now = new Date(),
): { record: EvidenceRecord; line: string } {
  const { home, keys } = host
  const { check, signer: purpose, ...about } = checkOf(observation.check)
  ensureFolder(evidenceFolder(home), 0o700)
  return alone(home, () => {
    const { seq, hash, file } = endOfChain(host)
    const made: EvidenceRecord = {
      v: 1,
      id: ulid(now.getTime()),
      seq: seq + 1,
      prev: hash,
      check,
      check_version: about.version,
      claims: about.claims,
      subject: observation.subject,
      scope: observation.scope ?? 'self-run',
      commit: observation.commit ?? '',
      host: home.facts().host ?? '',
      started: observation.started.toISOString(),
      finished: (observation.finished ?? now).toISOString(),
      result: observation.result,
      reason: observation.reason ?? '',
      measures: observation.measures ?? [],
      evidence: observation.evidence ?? [],
      valid_for_s: about.validForSeconds,
      public: about.public,
    }
    const line = signLine(made, keys.signer(purpose satisfies SignerPurpose))
    // Never into an earlier file than the last, whatever the clock says: the order of the names is the order of the chain.
    const month = `${now.toISOString().slice(0, 7)}.jsonl`
    append(home, file !== undefined && file > month ? file : month, line)
    const head: ChainHead = { v: 1, host: made.host, seq: made.seq, hash: hashOf(line) }
    writeDurably(headFile(home), `${signLine(head, keys.signer('host'))}\n`, { mode: 0o600 })
    return { record: made, line }
  })
}

/** A lock that ends with its holder: flock(2) belongs to the open file, which flock(1) is lent for a moment. */
function alone<T>(home: Home, work: () => T): T {
  const fd = openSync(join(evidenceFolder(home), 'lock'), 'a', 0o600)
  try {
    const { status, error } = spawnSync('flock', ['--exclusive', '--timeout', '60', '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] })
    if (status !== 0)
      throw new OpsError('busy', 'The evidence is being written by another process for too long: see who holds evidence/lock.', {
        cause: error,
      })
    return work()
  } finally {
    closeSync(fd)
  }
}

/**
 * What the next record follows. The signed head counts where the file falls short of it: records that somebody removed leave a gap that
 * stays, and one that he altered stays broken.
 */
function endOfChain(host: Pick<Host, 'home' | 'keys'>): { seq: number; hash: string; file: string | undefined } {
  const { home } = host
  const files = evidenceFiles(home)
  const trusted = (keyId: string) => host.keys.trustedKey(keyId)
  const head = existsSync(headFile(home)) ? openLine<ChainHead>(readFileSync(headFile(home), 'utf8').trimEnd(), trusted) : undefined
  const known = head && !('fault' in head) ? head.payload : { seq: 0, hash: noRecord }
  for (const file of files.toReversed()) {
    const line = lastLine(join(evidenceFolder(home), file))
    const opened = line === undefined ? undefined : openLine<EvidenceRecord>(line, trusted)
    // The head is written after the record: a process may have been killed between the two.
    if (opened && !('fault' in opened) && opened.payload.seq > known.seq)
      return { seq: opened.payload.seq, hash: hashOf(line!), file: files.at(-1) }
    if (line !== undefined && known.seq > 0) break
  }
  return { seq: known.seq, hash: known.hash, file: files.at(-1) }
}

/** More than a record has, so that one look at the end of a file is enough nearly always. */
const tailBytes = 64 * 1024

/**
 * The last whole line. Half a line after it was never acknowledged: whoever wrote it was killed, and it is cut off. Read from the end: a month of
 * a large fleet is tens of megabytes, and each record asks.
 */
function lastLine(path: string): string | undefined {
  const fd = openSync(path, 'r+')
  try {
    const { size } = fstatSync(fd)
    for (let length = Math.min(size, tailBytes); ; length = Math.min(size, length * 2)) {
      const tail = Buffer.alloc(length)
      readSync(fd, tail, 0, length, size - length)
      const end = tail.lastIndexOf(0x0a) + 1
      const start = end < 2 ? 0 : tail.lastIndexOf(0x0a, end - 2) + 1
      // Neither its end nor its beginning may lie before what was read.
      if (start === 0 && length < size) continue
      if (end < length) {
        ftruncateSync(fd, size - length + end)
        fsyncSync(fd)
      }
      return end === 0 ? undefined : tail.subarray(start, end - 1).toString()
    }
  } finally {
    closeSync(fd)
  }
}

function append(home: Home, name: string, line: string): void {
  const path = join(evidenceFolder(home), name)
  const isNew = !existsSync(path)
  // A file that is there is never empty: it comes into being with its first line.
  if (isNew) return writeDurably(path, `${line}\n`, { mode: 0o600 })
  const fd = openSync(path, 'a', 0o600)
  try {
    writeFileSync(fd, `${line}\n`)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  syncFolder(evidenceFolder(home))
}
