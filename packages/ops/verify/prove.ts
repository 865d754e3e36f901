import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createHash } from 'node:crypto'
import { setPrefix } from '../backup/manifest.ts'
import { OpsError } from '../errors.ts'
import { record } from '../evidence/chain.ts'
import type { Host } from '../host.ts'
import { connectAs } from '../instances.ts'
import { operation } from '../operation.ts'
import { withClient } from '../provision.ts'
import { compareDatabase, type Comparison } from '../restore/compare.ts'
import { DamagedCopy, knownManifest, withSet, type FetchedSet } from '../restore/fetch.ts'
import { demandCatalogue, loadDatabase } from '../restore/load.ts'
import { withScratch, type Scratch } from '../restore/scratch.ts'
import { filesToOpen, openFiles, unpackFiles } from '../restore/stored-files.ts'
import { openStores } from '../stores/open.ts'
import type { StoreReader, StoreWriter } from '../stores/store.ts'
import { keepCertificate } from './certificate.ts'

/** How a restore test of a set came out. */
export interface Proof {
  set: string
  instance: string
  /** The location that was read. */
  location: string
  /** `error`: it could not be tested, which says nothing of the set. */
  result: 'pass' | 'fail' | 'error'
  /** A sentence when it did not pass. */
  reason: string
  /** From the first byte read to the last compared. */
  seconds: number
  /** Of the set, as stored. */
  bytes: number
  databaseBytes: number
  comparisons: readonly Comparison[]
  files: { present: number; opened: number }
  /** The signed record, when it passed. */
  certificate: string | null
}

export interface ProveOptions {
  /** Read from this location, instead of the one whose day it is. */
  from?: string | undefined
  /** Stores to use, instead of those of the register. */
  stores?: { read: readonly StoreReader[]; write: readonly StoreWriter[] } | undefined
  /** A scratch cluster that is running already, for several sets in a row. */
  scratch?: Scratch | undefined
  now?: Date | undefined
  signal?: AbortSignal | undefined
  tell?: ((step: string) => void) | undefined
  progress?: ((bytes: number, of: number) => void) | undefined
}

/**
 * Proves a set by restoring it: reads it from one location, another one each day, loads it into the scratch cluster, compares everything
 * that was known of the original, and opens its files (cloud.md §5). What passes gets a certificate under the verifier's key, kept in the
 * registry and beside the set in the stores; what fails is recorded with its reason and gets none.
 */
export async function proveSet(host: Host, set: string, options: ProveOptions = {}): Promise<Proof> {
  const { manifest } = await knownManifest(host, set)
  return operation(host.db, `proof of ${set}`, 'restore test', async ({ signal }) => {
    const started = options.now ?? new Date()
    const own = options.stores ? undefined : { read: await openStores(host.home, 'read'), write: await openStores(host.home, 'write') }
    const stores = options.stores ?? own!
    try {
      const either = options.signal ? AbortSignal.any([signal, options.signal]) : signal
      const attempt = { ...options, signal: either, day: Math.floor(started.getTime() / 86_400_000) }
      const proof = await tryLocations(host, set, await locationsOf(host, set, stores.read, attempt), attempt)
      const finished = new Date(Math.max(Date.now(), started.getTime()))
      const { line } = record(host, {
        check: 'backup.restore_test',
        subject: { type: 'instance', id: manifest.instance },
        started,
        finished,
        result: proof.result,
        reason: proof.reason,
        measures: [
          { name: 'restore_seconds', value: proof.seconds, unit: 's', limit: 28_800, op: '<=' },
          { name: 'set_bytes', value: proof.bytes, unit: 'B' },
          { name: 'database_bytes', value: proof.databaseBytes, unit: 'B' },
          { name: 'files_present', value: proof.files.present, unit: 'files' },
          { name: 'files_opened', value: proof.files.opened, unit: 'files' },
          ...proof.comparisons.map(({ name, isSame }) => ({
            name: `${name}_same`,
            value: isSame ? 1 : 0,
            unit: 'bool',
            limit: 1,
            op: '>=' as const,
          })),
        ],
        evidence: [{ name: `set ${set}`, sha256: proof.manifestSha256, where: `${proof.location}:${setPrefix(manifest)}manifest.json` }],
      })
      if (proof.result !== 'pass') return proof
      await host.db.query('update backup_set set proven = $2, proven_from = $3, certificate = $4 where id = $1', [
        set,
        finished,
        proof.location,
        line,
      ])
      // The registry has it too: a location that is away gets it when the set is repaired there.
      await Promise.allSettled(stores.write.map((store) => keepCertificate(store, manifest, line, (id) => host.keys.trustedKey(id))))
      return { ...proof, certificate: line }
    } finally {
      if (own) await Promise.all([...own.read, ...own.write].map((store) => store.close()))
    }
  })
}

type Attempt = ProveOptions & { signal: AbortSignal; day: number }
type Outcome = Proof & { manifestSha256: string }

/** The stores that hold a copy, the one whose day it is first: day mod 3 with three of them. */
async function locationsOf(host: Host, set: string, readers: readonly StoreReader[], { from, day }: Attempt): Promise<StoreReader[]> {
  const { rows } = await host.db.query<{ location: string }>(
    `select location from backup_copy where set = $1 and state in ('stored', 'verified', 'damaged', 'missing') order by location`,
    [set],
  )
  const holding = readers.filter(({ location }) => rows.some((row) => row.location === location.name))
  const chosen = from === undefined ? rotated(holding, day) : holding.filter(({ location }) => location.name === from)
  if (chosen.length) return chosen
  throw new OpsError(
    'not_found',
    from === undefined ? `No location holds a copy of the set ${set}.` : `${from} holds no copy of the set ${set}.`,
  )
}

const rotated = <T>(all: readonly T[], by: number): T[] => all.map((_one, index) => all[(index + by) % all.length]!)

/** A location that is away says nothing of the set: the next one is read. One that gives something else does. */
async function tryLocations(host: Host, set: string, stores: readonly StoreReader[], attempt: Attempt): Promise<Outcome> {
  let last: Outcome | undefined
  for (const store of stores) {
    last = await tryLocation(host, set, store, attempt)
    if (last.result !== 'error') return last
  }
  return last!
}

async function tryLocation(host: Host, set: string, store: StoreReader, attempt: Attempt): Promise<Outcome> {
  const { manifest, text } = await knownManifest(host, set)
  const began = performance.now()
  const known = await host.db.query<{ database_bytes: string | null }>('select database_bytes from backup_set where id = $1', [set])
  const base: Outcome = {
    set,
    instance: manifest.instance,
    location: store.location.name,
    result: 'pass',
    reason: '',
    seconds: 0,
    bytes: manifest.parts.reduce((sum, part) => sum + part.bytes, 0),
    databaseBytes: Number(known.rows[0]?.database_bytes ?? 0),
    comparisons: [],
    files: { present: 0, opened: 0 },
    certificate: null,
    manifestSha256: createHash('sha256').update(text).digest('hex'),
  }
  const seconds = () => Math.round(performance.now() - began) / 1000
  try {
    attempt.tell?.(`Reading the set from ${store.location.name}`)
    const found = await withSet(host, set, store, (fetched) => restoreAndCompare(host, fetched, attempt), attempt)
    const faults = found.comparisons.filter(({ isSame }) => !isSame)
    await noteWhole(host, set, store)
    const reason = faults.length ? `The restored database is not what was backed up: ${faults.map(({ says }) => says).join('; ')}.` : ''
    return { ...base, ...found, result: reason ? 'fail' : 'pass', reason, seconds: seconds() }
  } catch (error) {
    attempt.signal.throwIfAborted()
    const result = isVerdict(error) ? 'fail' : 'error'
    if (error instanceof DamagedCopy) await noteDamage(host, set, store, error)
    return { ...base, result, reason: (error as Error).message, seconds: seconds() }
  }
}

/** What tells of the set, and not of a store that is away, a disk that is full, or a program that was killed. */
const isVerdict = (error: unknown): boolean =>
  error instanceof OpsError &&
  (error.code === 'set_damaged' ||
    (error.code === 'program_failed' && !/ was ended by |No space left|could not connect/.test(error.message)))

/** From then on the copy is known to need healing. */
const noteDamage = (host: Host, set: string, store: StoreReader, error: Error) =>
  host.db.query(`update backup_copy set state = 'damaged', error = $3 where set = $1 and location = $2`, [
    set,
    store.location.name,
    error.message.slice(0, 500),
  ])

/** Every byte of the copy was read and compared with the manifest. */
const noteWhole = (host: Host, set: string, store: StoreReader) =>
  host.db.query(`update backup_copy set state = 'verified', error = null, checked = now() where set = $1 and location = $2`, [
    set,
    store.location.name,
  ])

async function restoreAndCompare(host: Host, fetched: FetchedSet, attempt: Attempt) {
  const { manifest, facts } = fetched
  const work = async (scratch: Scratch) => {
    attempt.tell?.('Restoring the database')
    const instance = await scratch.empty(facts.instance.apps)
    const folder = join(mkdtempSync(join(fetched.folder, 'files-')), 'files')
    try {
      const owner = await connectAs(scratch.host, instance, 'owner')
      await loadDatabase(scratch.host.home, fetched, owner, { signal: attempt.signal, progress: attempt.progress })
      attempt.tell?.('Comparing')
      await demandCatalogue(owner, facts.catalogue)
      const comparisons = await compareDatabase(owner, fetched)
      attempt.tell?.('Opening files')
      await unpackFiles(fetched, folder, attempt.signal)
      const names = filesToOpen(facts.files, attempt.day).map(({ name }) => name)
      if (names.length)
        await withClient(owner, (db) =>
          openFiles(db, { instance: manifest.instance, wraps: host.keys.everyVersion(manifest.instance, 'files'), folder }, names),
        )
      return { comparisons, files: { present: facts.files.length, opened: names.length } }
    } finally {
      rmSync(folder, { recursive: true, force: true })
      await scratch.discard(instance)
    }
  }
  return attempt.scratch ? work(attempt.scratch) : withScratch(host.home, work)
}

/**
 * Proves sets, those without a certificate first and then those whose certificate is oldest, until `bytes` of databases were restored; at
 * least one. One at a time: users are on the same machine.
 */
export async function proveOldest(
  host: Host,
  { bytes, ...options }: ProveOptions & { bytes: number; onProof?: (proof: Proof) => void },
): Promise<Proof[]> {
  const { rows } = await host.db.query<{ id: string; bytes: string }>(
    `select s.id, coalesce(s.database_bytes, s.bytes, 0) as bytes from backup_set s
     where s.state = 'published' and exists (select from backup_copy c where c.set = s.id and c.state <> 'pruned')
     order by s.proven is not null, s.proven, s.taken desc`,
  )
  let left = bytes
  const due = rows.filter((row, index) => {
    left -= Number(row.bytes)
    return index === 0 || left >= 0
  })
  if (due.length === 0) return []
  const prove = async (scratch: Scratch) => {
    const proofs: Proof[] = []
    for (const { id } of due) {
      const proof = await proveSet(host, id, { ...options, scratch })
      proofs.push(proof)
      options.onProof?.(proof)
    }
    return proofs
  }
  return options.scratch ? prove(options.scratch) : withScratch(host.home, prove)
}
