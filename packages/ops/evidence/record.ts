import { createHash, verify, type KeyObject } from 'node:crypto'
import { OpsError } from '../errors.ts'
import type { Signer } from '../keys/signers.ts'

export interface Subject {
  type: 'instance' | 'location' | 'host' | 'fleet'
  /** uuid of an instance or a host, name of a location; `all` for the fleet. */
  id: string
}

export interface Measure {
  name: string
  value: number
  unit: string
  /** What it was held against, and how: `value <= limit`. */
  limit?: number
  op?: '<=' | '>='
}

/** Something a reader can look at to judge for himself. */
export interface EvidenceFile {
  name: string
  /** Hex. */
  sha256: string
  /** `<location>:<key>`, or a path in the home. */
  where: string
}

/** `error`: the check itself could not be done, which says nothing of what it checks. */
export type Result = 'pass' | 'fail' | 'error' | 'skipped'

/** One check of one subject, once (cloud.md §11). Times are ISO 8601, UTC. */
export interface EvidenceRecord {
  v: 1
  /** ULID. */
  id: string
  /** From 1, without gaps, for each host. */
  seq: number
  /** `sha256:<hex>` of the line before, without its end of line; of nothing for the first. */
  prev: string
  check: string
  check_version: number
  claims: readonly string[]
  subject: Subject
  scope: 'self-run' | 'ci' | 'drill'
  /** The code that checked. */
  commit: string
  /** uuid of the host that wrote it. */
  host: string
  started: string
  finished: string
  result: Result
  /** A sentence when it is not `pass`. */
  reason: string
  measures: readonly Measure[]
  evidence: readonly EvidenceFile[]
  valid_for_s: number
  public: 'aggregate' | 'full' | 'none'
}

/** A line as it lies in the file: `{"payload":"<base64>","keyid":"…","sig":"<base64>"}`, signed over the literal bytes of the payload. */
export function signLine(payload: object, signer: Signer): string {
  const bytes = Buffer.from(JSON.stringify(payload))
  return JSON.stringify({ payload: bytes.toString('base64'), keyid: signer.keyId, sig: signer.sign(bytes).toString('base64') })
}

/** Why a line cannot be believed: `tampered` the bytes, or signed by a `foreign_key`, or none of ours at all. */
export type LineFault = 'no_record' | 'foreign_key' | 'tampered'

export type OpenedLine<T> = { payload: T; keyid: string } | { fault: LineFault; says: string; payload: Partial<T> | undefined }

/** Opens a signed line. With a fault, `payload` is what it claims to be, to be used for nothing but telling where it belongs. */
export function openLine<T extends object>(line: string, trustedKey: (keyId: string) => KeyObject | undefined): OpenedLine<T> {
  const outer: { payload?: unknown; keyid?: unknown; sig?: unknown } | undefined = parseObject(line)
  const { payload: encoded, keyid, sig } = outer ?? {}
  if (typeof encoded !== 'string' || typeof keyid !== 'string' || typeof sig !== 'string')
    return { fault: 'no_record', says: 'It is no signed record.', payload: undefined }
  const bytes = Buffer.from(encoded, 'base64')
  const payload = parseObject(bytes.toString()) as T | undefined
  const key = trustedKey(keyid)
  if (!key) return { fault: 'foreign_key', says: `It is signed by ${JSON.stringify(keyid)}, which is not trusted here.`, payload }
  // Decoding base64 is lenient: other characters would carry the same bytes, and the line is what the next one's hash is of.
  const isExact = bytes.toString('base64') === encoded
  if (!isExact || !verify(null, bytes, key, Buffer.from(sig, 'base64')))
    return { fault: 'tampered', says: `Its content is not what ${keyid} signed.`, payload }
  if (!payload) return { fault: 'no_record', says: 'What is signed is no record.', payload: undefined }
  return { payload, keyid }
}

/** The record of a line that stands alone, such as a certificate beside its set; OpsError `set_damaged` unless a `purpose` key signed it. */
export function openRecord(
  line: string,
  purpose: 'host' | 'verifier',
  trustedKey: (keyId: string) => KeyObject | undefined,
): EvidenceRecord {
  const opened = openLine<EvidenceRecord>(line.trimEnd(), trustedKey)
  if ('fault' in opened) throw new OpsError('set_damaged', `The record cannot be believed. ${opened.says}`)
  if (!opened.keyid.startsWith(`${purpose}-`))
    throw new OpsError('set_damaged', `The record cannot be believed. It is signed by ${opened.keyid}, which is no key of a ${purpose}.`)
  if (opened.payload.v !== 1 || typeof opened.payload.check !== 'string')
    throw new OpsError('set_damaged', 'The record is of a version that this release does not know.')
  return opened.payload
}

export const hashOf = (line: string): string => `sha256:${createHash('sha256').update(line).digest('hex')}`

/** What the first record of a host follows. */
export const noRecord = hashOf('')

function parseObject(text: string): object | undefined {
  try {
    const found: unknown = JSON.parse(text)
    return typeof found === 'object' && found !== null && !Array.isArray(found) ? found : undefined
  } catch {
    return undefined
  }
}
