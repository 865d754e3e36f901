import type { KeyObject } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { Databases } from '@erp4/orm'
import type { LogRow, SealRow } from '../sql/audit.ts'
import type { Anchor } from './anchor.ts'
import { chainHash, genesis, openHead, rowHash, signedHead } from './chain.ts'
import { nameSuspects, type Suspect } from './suspects.ts'
import { readExport, readTrail, type Inbox, type TrailEntry } from './trail.ts'

export type Fault = 'altered' | 'removed' | 'inserted' | 'reordered' | 'tail_removed' | 'seal' | 'anchor'

/** One thing that is wrong, with the rows (or seals) it is about and a sentence for a person. */
export interface Finding {
  fault: Fault
  from: number
  to: number
  text: string
}

export interface Verdict {
  isIntact: boolean
  rows: number
  seals: number
  /** The last row that a seal proves. */
  sealed: number
  findings: readonly Finding[]
  /** Rows whose content was taken out, each with an entry that says so. */
  erased: readonly number[]
  /** What was compared with, or null. */
  anchor: { name: string; seq: number; at: string } | null
  /** What this verdict does not prove, in sentences. */
  unproven: readonly string[]
}

export interface Trust {
  /** The instance's uuid. */
  chain: string
  /** Public halves of the sealing keys, by `keyId`. */
  keys: ReadonlyMap<string, KeyObject>
  /** Where an earlier head was kept out of reach of whoever may have changed the trail. Without one, missing newest rows go unseen. */
  anchor?: Anchor
}

/** Verifies the trail of a running instance. The role needs SELECT on audit_log, audit_seal and audit_in. */
export const verifyLive = (databases: Databases, database: string, trust: Trust): Promise<Verdict> =>
  databases.transaction(database, (cx) => verifyTrail(readTrail(cx), trust), { readonly: true, retries: 0 })

/** Verifies an export, with nothing but the export, the public keys and an anchor. */
export const verifyExport = (lines: Readable, trust: Trust): Promise<Verdict> => verifyTrail(readExport(lines), trust)

export async function verifyTrail(entries: AsyncIterable<TrailEntry>, trust: Trust): Promise<Verdict> {
  if (trust.anchor && trust.anchor.head.chain !== trust.chain) throw new Error(`${trust.anchor.name} anchors another instance's trail.`)
  const check = new Verification(trust)
  for await (const entry of entries) {
    if ('row' in entry) check.row(entry.row)
    else if ('seal' in entry) check.seal(entry.seal)
    else check.inbox = entry.inbox
  }
  return check.verdict()
}

/** How many rows may be missing or too many, for the rows behind them still to be recognised when they were renumbered. */
const shifts = Array.from({ length: 1000 }, (_one, i) => [i + 1, -i - 1]).flat()
/** Positions whose hash is remembered for the seal that covers them. */
const window = 20_000

class Verification {
  readonly #trust: Trust
  readonly #findings: Finding[] = []
  readonly #found = new Set<string>()
  readonly #suspects: Suspect[] = []
  readonly #erased = new Set<number>()
  readonly #noted = new Set<number>()
  /** Hash at each of the last positions, by the number under which the row was sealed. */
  readonly #hashes = new Map<number, Buffer>([[0, genesis]])
  readonly #gaps = new Gaps()
  #waitingSeals: SealRow[] = []
  /** Positions whose id is not above the one before: within one seal, that never happens. */
  readonly #descents: number[] = []
  #lastId = 0n
  #next = 1
  /** What is to be added to `seq` to have the number under which a row was sealed: rows before it were taken out or put in. */
  #offset = 0
  /** The row before is there, so that the link to it can be checked. */
  #isLinked = true
  #rows = 0
  #seals = 0
  #lastSeal = 0
  #sealed = 0
  #isForked = false
  #isAnchored = false
  inbox: Inbox | null = null

  constructor(trust: Trust) {
    this.#trust = trust
  }

  row(row: LogRow): void {
    this.#rows++
    this.#checkContent(row)
    const position = row.seq + this.#offset
    if (position < this.#next) return this.#late(row, position)
    if (position > this.#next) {
      this.#gaps.add(this.#next, position - 1)
      this.#isLinked = false
    }
    const at = this.#checkLink(row, position)
    if (row.id !== null) {
      if (BigInt(row.id) <= this.#lastId) this.#descents.push(at)
      this.#lastId = BigInt(row.id)
    }
    this.#hashes.set(at, row.hash)
    this.#hashes.delete(at - window)
    this.#next = at + 1
    this.#isLinked = true
    this.#checkAnchor(at, row.hash)
    this.#waitingSeals = this.#waitingSeals.filter((seal) => !this.#checkHead(seal))
  }

  #checkContent(row: LogRow): void {
    if (row.salt === null) {
      this.#erased.add(row.seq)
      return
    }
    const { salt, ...content } = row
    if (salt.length !== 16 || !rowHash(salt, content).equals(row.row_hash)) {
      this.#find('altered', row.seq, row.seq, `Row ${row.seq} was altered: its content is not what was sealed.`)
    } else if (row.operation === 'erase' && row.model === 'audit_log') {
      for (const seq of (JSON.parse(row.change ?? '{}') as { seq?: number[] }).seq ?? []) this.#noted.add(seq)
    }
  }

  /** A number that was already passed: moved here from its place, or one too many. */
  #late(row: LogRow, position: number): void {
    if (this.#gaps.fill(position)) this.#find('reordered', row.seq, row.seq, `Row ${row.seq} is not in its place.`)
    else this.#find('inserted', row.seq, row.seq, `A second row ${row.seq} was inserted.`)
  }

  /** The number under which the row was sealed, as far as its link tells. */
  #checkLink(row: LogRow, position: number): number {
    const prev = this.#hashes.get(position - 1)
    if (!this.#isLinked || prev === undefined || links(prev, position, row)) return position
    return this.#afterShift(row, position, prev) ?? this.#suspect(row, position, prev)
  }

  /** Rows before were taken out or put in, and the rest renumbered: then two rows in a row fit together, under other numbers. */
  #afterShift(row: LogRow, position: number, prev: Buffer): number | undefined {
    const before = this.#suspects.at(-1)
    if (before?.position !== position - 1) return undefined
    const shift = shifts.find((by) => position + by > 1 && links(prev, position + by, row))
    if (shift === undefined) return undefined
    const home = before.position + shift
    this.#suspects.pop()
    if (shift > 0) {
      this.#find(
        'removed',
        before.position,
        home - 1,
        `${plural(shift, 'row')} removed before row ${before.seq}, and those behind renumbered.`,
      )
    } else {
      this.#suspects.splice(0, this.#suspects.length, ...this.#suspects.filter((one) => one.position < home))
      this.#find(
        'inserted',
        before.seq + shift,
        before.seq - 1,
        `${plural(-shift, 'row')} inserted before row ${before.seq}, which was sealed as row ${home}.`,
      )
    }
    this.#hashes.set(home, before.hash)
    this.#offset += shift
    return position + shift
  }

  #suspect(row: LogRow, position: number, prev: Buffer): number {
    this.#suspects.push({ seq: row.seq, position, prev, hash: row.hash, rowHash: row.row_hash })
    return position
  }

  seal(seal: SealRow): void {
    this.#seals++
    const head = openHead(signedHead(seal), this.#trust.keys)
    if (typeof head === 'string') return this.#find('seal', seal.n, seal.n, `Seal ${seal.n} is not to be believed: ${head}.`)
    const says = [head.chain, head.n, head.first, head.seq, head.head]
    if (says.join() !== [this.#trust.chain, seal.n, seal.first, seal.last, seal.head.toString('hex')].join()) {
      return this.#find('seal', seal.n, seal.n, `Seal ${seal.n} was altered: it is not what was signed.`)
    }
    if (seal.n !== this.#lastSeal + 1 || seal.first !== this.#sealed + 1) {
      this.#find('seal', this.#lastSeal + 1, seal.n, `Between seals ${this.#lastSeal} and ${seal.n} something is missing or twice.`)
    }
    this.#lastSeal = Math.max(this.#lastSeal, seal.n)
    this.#sealed = Math.max(this.#sealed, seal.last)
    if (!this.#checkHead(seal)) this.#waitingSeals.push(seal)
  }

  /** False while the row that the seal ends with was not seen. */
  #checkHead(seal: SealRow): boolean {
    const hash = this.#hashes.get(seal.last)
    if (hash === undefined || seal.last >= this.#next) return false
    if (hash.equals(seal.head) || this.#isForked) return true
    // All that follows hangs on the same wrong hash: the first seal that differs tells where.
    this.#isForked = true
    const moved = this.#descents.filter((position) => position > seal.first && position <= seal.last)
    if (moved.length > 0)
      this.#find(
        'reordered',
        seal.first,
        seal.last,
        `Rows ${seal.first} to ${seal.last} are not in the order that seal ${seal.n} signed (see row ${moved[0]}).`,
      )
    else
      this.#find(
        'altered',
        seal.first,
        seal.last,
        `Rows ${seal.first} to ${seal.last} were written anew: they do not lead to the head that seal ${seal.n} signed.`,
      )
    return true
  }

  #checkAnchor(position: number, hash: Buffer): void {
    const anchor = this.#trust.anchor
    if (anchor?.head.seq !== position) return
    this.#isAnchored = true
    if (hash.toString('hex') !== anchor.head.head) {
      this.#find('anchor', 1, position, `The trail up to row ${position} is not the one that ${anchor.name} anchors: it was written anew.`)
    }
  }

  verdict(): Verdict {
    const anchor = this.#trust.anchor
    for (const finding of nameSuspects(this.#suspects)) this.#find(finding.fault, finding.from, finding.to, finding.text)
    for (const [from, to] of this.#gaps.until(this.#known))
      this.#find('removed', from, to, from === to ? `Row ${from} was removed.` : `Rows ${from} to ${to} were removed.`)
    this.#checkEnd(anchor)
    this.#checkErasures()
    const findings = this.#findings.sort((a, b) => a.from - b.from)
    return {
      isIntact: findings.length === 0,
      rows: this.#rows,
      seals: this.#seals,
      sealed: this.#sealed,
      findings,
      erased: [...this.#erased].sort((a, b) => a - b),
      anchor: anchor ? { name: anchor.name, seq: anchor.head.seq, at: anchor.head.at } : null,
      unproven: this.#unproven(anchor),
    }
  }

  /** The last number that was signed for. */
  get #known(): number {
    return Math.max(this.#sealed, this.#trust.anchor?.head.seq ?? 0)
  }

  #checkEnd(anchor: Anchor | undefined): void {
    const end = this.#next - 1
    const known = this.#known
    if (end < known) {
      const witness = anchor && anchor.head.seq > this.#sealed ? anchor.name : `seal ${this.#lastSeal}`
      this.#find('tail_removed', end + 1, known, `Rows ${end + 1} to ${known} were removed from the end: ${witness} knows them.`)
    } else if (end > this.#sealed) {
      this.#find(
        'inserted',
        this.#sealed + 1,
        end,
        `Rows ${this.#sealed + 1} to ${end} have no seal: they were inserted, or their seals removed.`,
      )
    }
    if (anchor && anchor.head.n > this.#lastSeal) {
      this.#find(
        'seal',
        this.#lastSeal + 1,
        anchor.head.n,
        `Seals ${this.#lastSeal + 1} to ${anchor.head.n} are missing: ${anchor.name} knows them.`,
      )
    }
    if (anchor && !this.#isAnchored && end >= anchor.head.seq) {
      this.#find(
        'anchor',
        anchor.head.seq,
        anchor.head.seq,
        `Row ${anchor.head.seq}, which ${anchor.name} anchors, is not there to compare.`,
      )
    }
  }

  #checkErasures(): void {
    for (const seq of this.inbox?.erased ?? []) this.#noted.add(seq)
    for (const seq of this.#erased) {
      if (!this.#noted.has(seq))
        this.#find('altered', seq, seq, `Row ${seq} was emptied, and no entry of the trail says that it was erased.`)
    }
  }

  #unproven(anchor: Anchor | undefined): string[] {
    const open: string[] = []
    if (!anchor)
      open.push('No anchor was given: whether the newest rows were removed, or all written anew with the sealing key, cannot be seen.')
    else if (this.#sealed > anchor.head.seq) {
      open.push(
        `Rows ${anchor.head.seq + 1} to ${this.#sealed} came after ${anchor.name}: whoever holds the database and the sealing key could have changed them.`,
      )
    }
    if (this.inbox === null) open.push('The export does not say how many rows were still unsealed.')
    else if (this.inbox.waiting > 0)
      open.push(`${plural(this.inbox.waiting, 'row')} not sealed yet: the database's owner or superuser could still change them.`)
    if (this.#erased.size > 0)
      open.push(`${plural(this.#erased.size, 'row')} erased: that they were there is proven, what they said is not.`)
    return open
  }

  #find(fault: Fault, from: number, to: number, text: string): void {
    const key = `${fault} ${from} ${to}`
    if (this.#found.has(key)) return
    this.#found.add(key)
    this.#findings.push({ fault, from, to, text })
  }
}

const links = (prev: Buffer, position: number, row: LogRow): boolean => chainHash(prev, position, row.row_hash).equals(row.hash)

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? ' was' : 's were'}`

/** Numbers that were passed over, as ranges: a forged number may leave a gap of any size. */
class Gaps {
  #all: [number, number][] = []

  add(from: number, to: number): void {
    this.#all.push([from, to])
  }

  /** True when `number` was missing; now it is there. */
  fill(number: number): boolean {
    const gap = this.#all.find(([from, to]) => from <= number && number <= to)
    if (!gap) return false
    const parts: [number, number][] = [
      [gap[0], number - 1],
      [number + 1, gap[1]],
    ]
    this.#all = [...this.#all.filter((one) => one !== gap), ...parts.filter(([from, to]) => from <= to)]
    return true
  }

  /** What is missing up to `last`. */
  until(last: number): [number, number][] {
    return this.#all.filter(([from]) => from <= last).map(([from, to]) => [from, Math.min(to, last)])
  }
}
