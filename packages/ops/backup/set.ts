import { databaseOf } from '../databases.ts'
import { PartProcess } from '../envelope/envelope.ts'
import type { Host } from '../host.ts'
import { findInstance, type Instance } from '../instances.ts'
import { operation } from '../operation.ts'
import { labelsOf } from '../retention/labels.ts'
import { ulid } from '../ulid.ts'
import { OpsError } from '../errors.ts'
import { catchUpInstance, showBackup, type BackupSet } from './catalogue.ts'
import { writeCompanions } from './companions.ts'
import type { Manifest, ManifestPart, SetClass, SetFacts } from './manifest.ts'
import { sealDatabase, sealFacts, sealFiles, type PartOrder } from './parts.ts'
import { fail, noteSpooled } from './record.ts'
import { signManifest } from './signed-manifest.ts'
import { takeSnapshot, type Snapshot } from './snapshot.ts'
import { demandSpace, makeSpool, removeSpool, writeManifest } from './spool.ts'
import { storeSet, type StoringOptions } from './storing.ts'

export interface BackupOptions extends StoringOptions {
  /** `manual` unless given: scheduled sets are the agent's. */
  class?: SetClass
  /** An earlier generation, which a restore has replaced, instead of the present one. */
  generation?: number
  /** It has come from another host, and is served once this set has proven it. */
  isArriving?: boolean
  /** Of plain content, for sets that are made while people work. */
  bytesPerSecond?: number
  /** Hears each step as it begins. */
  tell?: (step: string) => void
  /** Hears how many bytes have passed, of how many are expected: the files are known, the dump is not before it has ended. */
  progress?: (plainBytes: number, of: number) => void
  signal?: AbortSignal
}

/** The registry's facts of an instance that go into a set. */
interface Subject {
  uuid: string
  database: string
  generation: number
  facts: SetFacts['instance']
}

/** A set's own lock, beside its instance's: storing may take long, and must not keep a migration waiting. */
export const setSubject = (set: string): string => `set ${set}`

/**
 * Makes one backup set of an instance, at one point in time, and brings it to the stores. Resolves when at least one store has read it back
 * whole; `counts` says whether all copies are where they should be. Migrations of the instance wait while the set is being made, not while
 * it is being stored. When it fails nothing of it stays, and no other set is touched.
 */
export async function runBackup(host: Host, name: string, options: BackupOptions = {}): Promise<BackupSet> {
  const { uuid } = await findInstance(host, name)
  const set = ulid()
  return operation(host.db, setSubject(set), 'backup set', async () => {
    await operation(host.db, uuid, 'backup', ({ signal }) =>
      makeSet(host, name, set, { ...options, signal: either(signal, options.signal) }),
    )
    await storeSet(host, set, options)
    return showBackup(host, set)
  })
}

const either = (one: AbortSignal, other: AbortSignal | undefined): AbortSignal => (other ? AbortSignal.any([one, other]) : one)

/** A set on its way: what there is of it before its manifest. */
interface Draft {
  set: string
  class: SetClass
  seq: number
  subject: Subject
  folder: string
  /** Seals its parts. */
  sealing: PartProcess
}

/** From `planned` to `spooled`. Everything that a reader needs lies in the spool then, durably. */
async function makeSet(host: Host, name: string, set: string, options: BackupOptions): Promise<void> {
  const subject = await readSubject(host, name, options)
  // Starts while the rest is made ready for it.
  const sealing = new PartProcess()
  try {
    await catchUpInstance(host, subject.uuid, options.stores)
    await fillSpool(host, set, subject, sealing, options)
  } finally {
    await sealing.close()
  }
}

async function fillSpool(host: Host, set: string, subject: Subject, sealing: PartProcess, options: BackupOptions): Promise<void> {
  const kind = options.class ?? 'manual'
  const seq = await plan(host, set, subject, kind)
  try {
    const folder = makeSpool(host.home, set)
    const snapshot = await takeSnapshot(host, subject)
    try {
      await reserve(host, set, subject, snapshot, folder)
      await spool(host, { set, class: kind, seq, subject, folder, sealing }, snapshot, options)
    } finally {
      await snapshot.close()
    }
  } catch (error) {
    await sealing.close() // it may still be writing there
    removeSpool(host.home, set)
    await fail(host, set, error)
    throw error
  }
}

async function readSubject(host: Host, name: string, options: BackupOptions): Promise<Subject> {
  const { uuid, state, ...present } = await findInstance(host, name)
  const generation = options.generation ?? present.generation
  const database = databaseOf(uuid, generation)
  // One that is deleted, or moves to another host, lies closed and has its final set made.
  const subjects = ['ready', 'deleted', 'moving', ...(options.isArriving ? ['creating'] : [])]
  if (!subjects.includes(state)) throw new OpsError('refused', `${name} is ${state}: there is nothing to back up.`)
  return { uuid, database, generation, facts: factsOf({ uuid, state, ...present }) }
}

/** What a host that never heard of the instance has to know of it, in case this one is lost. */
const factsOf = ({ uuid, name, hosts, apps, release, plan, zone, kind, ...one }: Instance): SetFacts['instance'] => ({
  uuid,
  name,
  hosts,
  apps,
  release,
  plan,
  zone,
  kind,
  suspended: one.suspended?.toISOString() ?? null,
  delete_after: one.deleteAfter?.toISOString() ?? null,
  legal_hold: one.legalHold,
  key_version: one.keyVersion,
})

/** The set's row, and its number: one more than the highest that is known. */
async function plan(host: Host, set: string, { uuid }: Subject, kind: SetClass): Promise<number> {
  const { rows } = await host.db.query<{ seq: string }>(
    `insert into backup_set (id, instance, class, state, seq)
     select $1, $2, $3, 'planned', coalesce(max(seq), 0) + 1 from backup_set where instance = $2 returning seq`,
    [set, uuid, kind],
  )
  return Number(rows[0]!.seq)
}

/** Sets room aside, so that sets that are made at once do not each count on the same. Files are known to the byte, the dump is estimated. */
async function reserve(
  host: Host,
  set: string,
  { uuid }: Subject,
  { databaseBytes, files, taken }: Snapshot,
  folder: string,
): Promise<void> {
  const last = await host.db.query<{ dump: number | null }>(
    `select (select (part ->> 'bytes')::float8 from jsonb_array_elements(manifest::jsonb -> 'parts') part where part ->> 'kind' = 'database') as dump
     from backup_set where instance = $1 and state = 'published' and manifest is not null order by taken desc limit 1`,
    [uuid],
  )
  const dump = last.rows[0]?.dump ? last.rows[0].dump * 1.3 : databaseBytes
  const bytes = Math.ceil(dump + files.reduce((sum, file) => sum + file.bytes + 1024, 0) + 2e6)
  const others = await host.db.query<{ bytes: string }>(`select coalesce(sum(bytes), 0) as bytes from backup_set where state = 'dumping'`)
  demandSpace(host.home, folder, bytes + Number(others.rows[0]!.bytes), 'The backup')
  await host.db.query(`update backup_set set state = 'dumping', bytes = $2, taken = $3 where id = $1`, [set, bytes, taken])
}

async function spool(host: Host, draft: Draft, snapshot: Snapshot, options: BackupOptions): Promise<void> {
  const { set, seq, folder, subject, sealing } = draft
  const { uuid, generation, facts } = subject
  const tell = options.tell ?? (() => {})
  const { bytesPerSecond } = options
  const progress = options.progress && summed(options.progress, snapshot)
  const { version, key } = host.keys.backupKey(uuid)
  const order: PartOrder = { home: host.home, instance: uuid, set, key, folder, process: sealing, bytesPerSecond, progress }
  tell('Dumping the database, packing the files')
  const gently = bytesPerSecond !== undefined
  const fromRows = async (within: AbortSignal): Promise<ManifestPart[]> => {
    const parts = await together(within, gently, [
      (signal) => sealDatabase({ ...order, signal }, snapshot),
      async (signal) => {
        const content = await snapshot.measure()
        return sealFacts({ ...order, signal }, { v: 1, instance: facts, generation, ...content, files: snapshot.files })
      },
    ])
    await snapshot.letGo()
    return parts
  }
  const works = [fromRows, async (signal: AbortSignal) => [await sealFiles({ ...order, signal }, snapshot)]]
  const parts = (await together(options.signal, gently, works)).flat()
  const signer = host.keys.signer('host')
  const manifest: Manifest = {
    v: 1,
    set,
    instance: uuid,
    class: draft.class,
    host: host.home.facts().host!,
    taken: snapshot.taken.toISOString(),
    labels: labelsOf(snapshot.taken, facts.zone),
    seq,
    key_version: version,
    postgres: snapshot.postgres,
    release: facts.release,
    parts,
    companions: writeCompanions(folder),
  }
  const signed = signManifest(manifest, signer)
  writeManifest(folder, signed)
  await noteSpooled(host, manifest, signed, snapshot.databaseBytes)
}

/** The parts of a set are made at once: what has passed of each of them, in one sum. A dump is rarely larger than the tables are. */
function summed(
  hear: NonNullable<BackupOptions['progress']>,
  { databaseBytes, files }: Pick<Snapshot, 'databaseBytes' | 'files'>,
): NonNullable<PartOrder['progress']> {
  const expected = files.reduce((sum, { bytes }) => sum + bytes, databaseBytes)
  const passed = new Map<string, number>()
  return (part, plainBytes) => {
    passed.set(part, plainBytes)
    hear(
      Math.min(
        expected,
        passed.values().reduce((sum, bytes) => sum + bytes, 0),
      ),
      expected,
    )
  }
}

/** All at once, or gently one after the other; when one fails the others are ended. */
async function together<T>(
  given: AbortSignal | undefined,
  gently: boolean,
  works: readonly ((signal: AbortSignal) => Promise<T>)[],
): Promise<T[]> {
  const failed = new AbortController()
  const signal = given ? AbortSignal.any([given, failed.signal]) : failed.signal
  const done: Promise<T>[] = []
  for (const work of works) {
    done.push(work(signal))
    done.at(-1)!.catch((error: Error) => failed.abort(error))
    if (gently) await done.at(-1)
  }
  await Promise.allSettled(done)
  return Promise.all(done)
}
