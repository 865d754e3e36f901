import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Home } from '../home.ts'
import { trustedKey } from '../keys/signers.ts'
import { evidenceFiles, evidenceFolder, headFile, isMonth, type ChainHead } from './chain.ts'
import { hashOf, noRecord, openLine, type EvidenceRecord, type LineFault } from './record.ts'

export interface EvidenceFilter {
  check?: string | undefined
  /** `id` of a subject. */
  subject?: string | undefined
  /** Finished at or after. */
  since?: Date | undefined
}

/** A record whose signature holds, and the key that made it. */
export type SignedRecord = EvidenceRecord & { keyid: string }

/** The records whose signature holds, oldest first. Whether any are missing is what `verifyEvidence` says. */
export function listEvidence(home: Home, filter: EvidenceFilter = {}): SignedRecord[] {
  const trusted = rememberingKeys(home)
  const since = filter.since?.toISOString()
  // A file holds what was finished in its month or shortly before.
  const first = filter.since && `${new Date(filter.since.getTime() - 86_400_000).toISOString().slice(0, 7)}.jsonl`
  return evidenceFiles(home)
    .filter((name) => first === undefined || name >= first)
    .flatMap((name) => linesOf(home, name))
    .flatMap(({ text }) => {
      const opened = openLine<EvidenceRecord>(text, trusted)
      return 'fault' in opened || opened.payload.v !== 1 ? [] : [{ ...opened.payload, keyid: opened.keyid }]
    })
    .filter(
      (one) =>
        (filter.check === undefined || one.check === filter.check) &&
        (filter.subject === undefined || one.subject.id === filter.subject) &&
        (since === undefined || one.finished >= since),
    )
}

export interface ChainFault {
  /** Where: a file of the evidence folder, and its line from 1. */
  file: string
  line?: number
  what: LineFault | 'removed' | 'reordered' | 'repeated' | 'broken' | 'other_host' | 'empty' | 'torn' | 'head' | 'stray'
  says: string
}

export interface ChainReport {
  /** How many records were found good, and the number of the last. */
  records: number
  last: number
  faults: ChainFault[]
}

interface Link {
  file: string
  line: number
  /** What it says of itself, true only without `isBad`. */
  seq: number | undefined
  prev: string | undefined
  hash: string
  isBad: boolean
}

/**
 * Holds every record of a host against its signature and the one before it, and the end against signed heads: that in the home, and `heads`
 * (lines) that were kept elsewhere. Each fault is named with its place.
 */
export function verifyEvidence(home: Home, heads: readonly string[] = []): ChainReport {
  const trusted = rememberingKeys(home)
  const faults: ChainFault[] = strays(home)
  const links = evidenceFiles(home).flatMap((file) => readFile(home, file, trusted, faults))
  judgeOrder(links, faults)
  judgeLinks(links, faults)
  const good = links.filter(({ isBad }) => !isBad)
  const own = existsSync(headFile(home)) ? [{ name: 'head.json', line: readFileSync(headFile(home), 'utf8').trimEnd() }] : []
  if (links.length && !own.length) faults.push({ file: 'head.json', what: 'head', says: 'The signed head of the chain is missing.' })
  for (const { name, line } of [
    ...own,
    ...heads.map((head, index) => ({ name: `head ${index + 1} kept elsewhere`, line: head.trimEnd() })),
  ])
    judgeHead(name, line, links, trusted, home.facts().host, faults)
  return { records: good.length, last: Math.max(0, ...good.map(({ seq }) => seq!)), faults }
}

function readFile(home: Home, file: string, trusted: ReturnType<typeof rememberingKeys>, faults: ChainFault[]): Link[] {
  const lines = linesOf(home, file)
  if (lines.length === 0) faults.push({ file, what: 'empty', says: 'The file has no record: what was in it is gone.' })
  return lines.flatMap(({ text, line, isTorn }): Link[] => {
    if (isTorn) {
      faults.push({ file, line, what: 'torn', says: 'The last line is not whole: its writer was killed, or its end was cut off.' })
      return []
    }
    const opened = openLine<EvidenceRecord>(text, trusted)
    const { seq, prev, host } = opened.payload ?? {}
    const link = { file, line, seq, prev, hash: hashOf(text) }
    if ('fault' in opened) {
      faults.push({ file, line, what: opened.fault, says: opened.says })
      return [{ ...link, isBad: true }]
    }
    if (host !== home.facts().host) {
      faults.push({ file, line, what: 'other_host', says: `It is a record of the host ${JSON.stringify(host)}.` })
      return [{ ...link, isBad: true }]
    }
    return [{ ...link, isBad: false }]
  })
}

function judgeOrder(links: readonly Link[], faults: ChainFault[]): void {
  const seen = new Set<number>()
  let highest = 0
  for (const { file, line, seq, isBad } of links) {
    if (seq === undefined || isBad) continue
    if (seen.has(seq)) faults.push({ file, line, what: 'repeated', says: `Record ${seq} is there a second time.` })
    else if (seq < highest) faults.push({ file, line, what: 'reordered', says: `Record ${seq} comes after record ${highest}.` })
    seen.add(seq)
    highest = Math.max(highest, seq)
  }
}

function judgeLinks(links: readonly Link[], faults: ChainFault[]): void {
  const known = new Map(links.flatMap((link) => (link.seq === undefined ? [] : [[link.seq, link] as const])))
  const numbers = [...known.keys()].filter((seq) => Number.isSafeInteger(seq)).sort((a, b) => a - b)
  let before = 0
  for (const seq of numbers) {
    const { file, line, prev, isBad } = known.get(seq)!
    if (seq > before + 1) {
      const says = before + 1 === seq - 1 ? `Record ${before + 1} is missing.` : `Records ${before + 1} to ${seq - 1} are missing.`
      faults.push({ file, line, what: 'removed', says })
    } else if (!isBad && prev !== (seq === 1 ? noRecord : known.get(seq - 1)!.hash) && !known.get(seq - 1)?.isBad) {
      faults.push({ file, line, what: 'broken', says: `Record ${seq} does not follow the record ${seq - 1} that is there.` })
    }
    before = seq
  }
}

function judgeHead(
  file: string,
  line: string,
  links: readonly Link[],
  trusted: ReturnType<typeof rememberingKeys>,
  host: string | undefined,
  faults: ChainFault[],
): void {
  const opened = openLine<ChainHead>(line, trusted)
  if ('fault' in opened) return void faults.push({ file, what: opened.fault, says: `The head cannot be believed. ${opened.says}` })
  const { seq, hash } = opened.payload
  if (opened.payload.host !== host) return void faults.push({ file, what: 'other_host', says: 'It is the head of another host.' })
  const last = Math.max(0, ...links.flatMap((link) => link.seq ?? []))
  const found = links.find((link) => link.seq === seq)
  if (last < seq) {
    const says = last + 1 === seq ? `Record ${seq} is missing at the end.` : `Records ${last + 1} to ${seq} are missing at the end.`
    faults.push({ file, what: 'removed', says })
  } else if (found && !found.isBad && found.hash !== hash)
    faults.push({ file, what: 'head', says: `Record ${seq} is another one than the head was signed for.` })
}

/** What lies in the folder and is none of ours: a renamed file of records, say. */
function strays(home: Home): ChainFault[] {
  const folder = evidenceFolder(home)
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => !isMonth(name) && !['head.json', 'lock'].includes(name) && !name.endsWith('.new'))
    .map((file) => ({ file, what: 'stray', says: 'It is no file of records.' }))
}

function linesOf(home: Home, name: string): { text: string; line: number; isTorn: boolean }[] {
  const content = readFileSync(join(evidenceFolder(home), name), 'utf8')
  const texts = content.split('\n')
  const isTorn = texts.at(-1) !== ''
  if (!isTorn) texts.pop()
  return texts.map((text, index) => ({ text, line: index + 1, isTorn: isTorn && index === texts.length - 1 }))
}

/** Thousands of lines, a handful of keys. */
function rememberingKeys(home: Home) {
  const known = new Map<string, ReturnType<typeof trustedKey>>()
  return (keyId: string) => {
    if (!known.has(keyId)) known.set(keyId, trustedKey(home, keyId))
    return known.get(keyId)
  }
}
