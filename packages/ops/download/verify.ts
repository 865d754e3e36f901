import { spawn } from 'node:child_process'
import { createHash, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { Readable } from 'node:stream'
import { openManifest, parseManifest, verifyText } from '../backup/signed-manifest.ts'
import { findPostgres } from '../binaries.ts'
import { OpsError } from '../errors.ts'
import { printable } from '../printable.ts'
import { isUlid } from '../ulid.ts'
import type { ArchiveManifest } from './archive.ts'
import { ZipReader, type ZipEntry } from './zip-reader.ts'

/** What was found of an archive that is whole. */
export interface VerifiedArchive {
  set: string
  instance: string
  taken: string
  files: number
  bytes: number
  /** The key that signed it, and whether it is one that is trusted here. */
  signedBy: string
  isTrusted: boolean
  /** Whether pg_restore read the whole dump; null where there is none. */
  isDumpReadable: true | null
}

export interface VerifyOptions {
  trustedKey?: (keyId: string) => KeyObject | undefined
  tell?: (step: string) => void
  /** Hears how many bytes of how many were compared. */
  progress?: (bytes: number, of: number) => void
}

const mostText = 256 * 2 ** 20

/**
 * Compares every byte of an open archive with what its manifest says, without a host or a network; and where PostgreSQL's programs are
 * there, has them read the whole dump (a list of its contents proves nothing: it is at the beginning). OpsError `set_damaged`.
 */
export async function verifyArchive(path: string, options: VerifyOptions = {}): Promise<VerifiedArchive> {
  await demandZip(path)
  const zip = await ZipReader.open(path)
  try {
    const find = (name: string): ZipEntry => {
      const entry = zip.entries.find((one) => one.name === name)
      if (!entry) throw damaged(`${name} is missing`)
      return entry
    }
    const read = (name: string): Promise<string> => {
      if (find(name).bytes > mostText) throw damaged(`${name} is too long`)
      return text(Readable.from(zip.read(find(name))))
    }
    const signed = { text: await read('manifest.json'), signature: await read('manifest.sig') }
    const { signedBy, isTrusted } = judgeSignature(signed, options)
    const manifest = parseArchive(signed.text)
    demandSameNames(manifest, zip.entries)
    const bytes = manifest.entries.reduce((sum, one) => sum + one.bytes, 0)
    options.tell?.(`Comparing ${manifest.entries.length} entries, ${(bytes / 1e6).toFixed(1)} MB`)
    let compared = 0
    for (const entry of manifest.entries) {
      await compare(zip, find(entry.name), entry)
      options.progress?.((compared += entry.bytes), bytes)
    }
    await demandDumpOfSet(manifest, { text: await read('backup.json'), signature: await read('backup.sig') }, isTrusted ? options : {})
    options.tell?.('Reading the dump')
    const isDumpReadable = await readDump(zip.read(find('db.dump')))
    const { set, instance, taken, entries } = manifest
    return {
      set,
      instance,
      taken,
      files: entries.filter(({ name }) => name.startsWith('files/')).length,
      bytes,
      signedBy,
      isTrusted,
      isDumpReadable,
    }
  } finally {
    await zip.close()
  }
}

async function demandZip(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0)
    if (buffer.readUInt32LE(0) === 0x04034b50) return
    // An OpenPGP packet has its highest bit set, text in armour begins with dashes.
    if (buffer[0]! & 0x80) throw new OpsError('refused', `${path} is locked with a passphrase: gpg --decrypt --output archive.zip ${path}`)
    throw damaged('it is no archive')
  } finally {
    await file.close()
  }
}

/** A signature of a trusted key must hold; of others we can only say whose it claims to be. */
function judgeSignature(signed: { text: string; signature: string }, { trustedKey = () => undefined }: VerifyOptions) {
  const signedBy = /^\{"keyid":"(host-[0-9a-f]{8})",/.exec(signed.signature)?.[1]
  if (!signedBy) throw damaged('its signature has another form')
  const isTrusted = trustedKey(signedBy) !== undefined
  if (isTrusted) verifyText(signed, trustedKey)
  return { signedBy, isTrusted }
}

function parseArchive(content: string): ArchiveManifest {
  let found: ArchiveManifest
  try {
    found = JSON.parse(content) as ArchiveManifest
  } catch {
    throw damaged('its manifest is no JSON')
  }
  // All of it is shown to people, and nobody may have signed it.
  const isEntry = (one: ArchiveManifest['entries'][number] | null) =>
    typeof one?.name === 'string' &&
    /^[A-Za-z0-9._/-]{1,200}$/.test(one.name) &&
    Number.isSafeInteger(one.bytes) &&
    one.bytes >= 0 &&
    /^[0-9a-f]{64}$/.test(one.sha256)
  const isKnown = found?.v === 1 && found.kind === 'erp4 download' && isUlid(found.set) && isUuid(found.instance) && isMoment(found.taken)
  if (!isKnown || !Array.isArray(found.entries) || !found.entries.every(isEntry)) throw damaged('its manifest has another form')
  return found
}

const isUuid = (text: unknown): boolean => typeof text === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)
const isMoment = (text: unknown): boolean => typeof text === 'string' && !Number.isNaN(Date.parse(text)) && new Date(text).toJSON() === text

function demandSameNames({ entries }: ArchiveManifest, there: readonly ZipEntry[]): void {
  const own = ['manifest.json', 'manifest.sig']
  const named = new Set([...own, ...entries.map(({ name }) => name)])
  const extra = there.find(({ name }) => !named.has(name))
  if (extra) throw damaged(`it has ${extra.name}, of which its manifest knows nothing`)
  if (named.size !== there.length) throw damaged('entries of its manifest are missing')
}

async function compare(zip: ZipReader, entry: ZipEntry, wanted: ArchiveManifest['entries'][number]): Promise<void> {
  if (entry.bytes !== wanted.bytes) throw damaged(`${entry.name} has ${entry.bytes} bytes instead of ${wanted.bytes}`)
  const hash = createHash('sha256')
  for await (const piece of zip.read(entry)) hash.update(piece)
  if (hash.digest('hex') !== wanted.sha256) throw damaged(`${entry.name} is not what was put into it`)
}

/** The dump is the one of the set that the archive says it is made from, by the set's own manifest. */
async function demandDumpOfSet(
  { set, instance, entries }: ArchiveManifest,
  signed: { text: string; signature: string },
  { trustedKey }: VerifyOptions,
): Promise<void> {
  const manifest = trustedKey ? openManifest(signed, trustedKey) : parseManifest(signed.text)
  const dump = entries.find(({ name }) => name === 'db.dump')
  const part = manifest.parts.find(({ kind }) => kind === 'database')
  if (manifest.set !== set || manifest.instance !== instance || !dump || part?.plain_sha256 !== dump.sha256)
    throw damaged('its database is not that of the backup it names')
}

/** True when pg_restore could read all of it, null when there is no pg_restore on this machine. */
async function readDump(content: AsyncIterable<Buffer>): Promise<true | null> {
  const dir = postgresPrograms()
  if (!dir) return null
  const child = spawn(join(dir, 'pg_restore'), ['--file=/dev/null'], {
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
  })
  let words = ''
  child.stderr.setEncoding('utf8').on('data', (said: string) => (words = (words + said).slice(-400)))
  child.stdin.on('error', () => {}) // told by its end
  const ended = once(child, 'close') as Promise<[number | null, string | null]>
  try {
    for await (const piece of content) if (!child.stdin.write(piece)) await Promise.race([once(child.stdin, 'drain'), ended])
    child.stdin.end()
    const [code, signal] = await ended
    if (code !== 0 || signal) throw damaged(`pg_restore cannot read its dump: ${words.trim()}`)
    return true
  } finally {
    child.kill('SIGKILL')
  }
}

function postgresPrograms(): string | undefined {
  try {
    return findPostgres().dir
  } catch {
    return undefined // no_postgres
  }
}

const damaged = (why: string): OpsError => new OpsError('set_damaged', `The archive is not whole: ${printable(why)}.`)
