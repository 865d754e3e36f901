import { runBackup } from '../backup/set.ts'
import { buildDownload } from '../download/build.ts'
import { verifyArchive } from '../download/verify.ts'
import type { ErpTasks } from '../erp-tasks.ts'
import { asOpsError, OpsError } from '../errors.ts'
import { record, type Observation } from '../evidence/chain.ts'
import type { Measure } from '../evidence/record.ts'
import type { Host } from '../host.ts'
import { createInstance, findInstance, type Instance } from '../instances.ts'
import { operation } from '../operation.ts'
import { fillFromSet, restoreAside } from '../restore/aside.ts'
import type { Comparison } from '../restore/compare.ts'
import type { FetchedSet } from '../restore/fetch.ts'
import { restoreOverLive, undoRestore } from '../restore/over-live.ts'
import { withScratch, type Scratch } from '../restore/scratch.ts'
import { fromAnyStore, type SourceOptions } from '../restore/source.ts'

export interface RehearsalOrder extends SourceOptions {
  /** Of a live instance; the smallest that a restore test has passed unless given: it is the way that is tried, not the bytes. */
  set?: string | undefined
  /** What restores on a host ask of the ERP. */
  erpOf: (host: Host) => ErpTasks
  /** Files of the original, whose keys this host has, open with the key of the instance of the scratch host from then on. */
  rewrap: (original: string, scratch: Host, instance: Instance) => Promise<void>
  /** A scratch cluster that is running already; one of its own otherwise. */
  scratch?: Scratch | undefined
}

/** How the rehearsal of one promise came out. */
export interface Rehearsed {
  check: 'restore.rehearsal' | 'download.rehearsal'
  result: Observation['result']
  /** A sentence when it did not pass. */
  reason: string
  measures: Measure[]
}

export interface Rehearsal {
  set: string
  /** Its name here. */
  instance: string
  location: string
  rehearsed: readonly Rehearsed[]
}

const [live, side] = ['live', 'side'] as const

/**
 * Does with a set what is promised to customers, by the code that does it for them (claims C05, C06): restores it to the side, over a live instance and
 * undoes that, and makes the open archive. All of it in a scratch host with a registry, keys and stores of its own, so that no instance, location or
 * root key is touched, and nothing stays. What came of it is evidence of this host. OpsError `not_found` while no set has passed a restore test.
 */
export async function rehearse(host: Host, order: RehearsalOrder): Promise<Rehearsal> {
  const set = order.set ?? (await smallestProven(host))
  return operation(host.db, 'rehearsal', 'restore rehearsal', async ({ signal }) => {
    const given = { ...order, signal: order.signal ? AbortSignal.any([signal, order.signal]) : signal }
    const attempt = (scratch: Scratch) => fromAnyStore(host, set, given, (fetched) => rehearseSet(host, scratch.host, fetched, given))
    return order.scratch ? attempt(order.scratch) : withScratch(host.home, attempt)
  })
}

async function smallestProven(host: Host): Promise<string> {
  const { rows } = await host.db.query<{ id: string }>(
    `select s.id from backup_set s join instance i on i.uuid = s.instance
     where s.state = 'published' and s.proven is not null and i.state = 'ready' and i.kind = 'live'
       and exists (select from backup_copy c where c.set = s.id and c.state in ('stored', 'verified'))
     order by s.database_bytes, s.taken desc limit 1`,
  )
  if (rows[0]) return rows[0].id
  throw new OpsError('not_found', 'No set has passed a restore test yet: there is nothing to rehearse with.')
}

async function rehearseSet(host: Host, scratch: Host, fetched: FetchedSet, order: RehearsalOrder): Promise<Rehearsal> {
  const erp = order.erpOf(scratch)
  const { instance, apps, name } = { ...fetched.facts.instance, instance: fetched.manifest.instance }
  const evidence = [{ name: `set ${fetched.manifest.set}`, sha256: fetched.manifestSha256, where: fetched.location }]
  const rehearsed: Rehearsed[] = []
  const rehearsing = async (check: Rehearsed['check'], work: () => Promise<Measure[]>): Promise<void> => {
    const started = new Date()
    const outcome = await work().then(
      (measures) => ({ result: 'pass' as const, reason: '', measures }),
      (error: Error) => ({ result: verdictOf(error), reason: error.message, measures: [] }),
    )
    record(host, {
      check,
      subject: { type: 'host', id: host.home.facts().host ?? '' },
      started,
      finished: new Date(),
      evidence,
      ...outcome,
    })
    rehearsed.push({ check, ...outcome })
  }
  const made = async (): Promise<string> => {
    order.tell?.('Making a live instance of it in the scratch host')
    const { signal } = order
    const wanted = { name: live, hosts: [], apps, release: erp.release, template: 'erp4_empty' } as const
    await createInstance(scratch, {
      ...wanted,
      prepare: async (copy, op) => {
        await fillFromSet(scratch, copy, fetched, { erp }, op)
        signal?.throwIfAborted()
        await order.rewrap(instance, scratch, copy)
      },
    })
    return (await runBackup(scratch, live)).id
  }
  try {
    let id: string | undefined
    await rehearsing('restore.rehearsal', async () => rehearseRestores(scratch, (id = await made()), erp, order))
    // Without a set in the scratch host it could not be tried: the last that was shown stays shown for as long as it counts.
    if (id !== undefined) await rehearsing('download.rehearsal', () => rehearseDownload(scratch, id!, order))
    return { set: fetched.manifest.set, instance: name, location: fetched.location, rehearsed }
  } finally {
    await erp.close?.()
  }
}

/** Disks that are full and people who call it off say nothing of the promise. */
const verdictOf = (error: Error): 'fail' | 'error' =>
  ['disk_full', 'busy', 'cluster_failed'].includes(asOpsError(error)?.code ?? '') || error.name === 'AbortError' ? 'error' : 'fail'

async function rehearseRestores(scratch: Host, set: string, erp: ErpTasks, { tell }: RehearsalOrder): Promise<Measure[]> {
  const measures: Measure[] = []
  const timed = async <T>(name: string, says: string, work: () => Promise<T>): Promise<T> => {
    tell?.(says)
    const began = performance.now()
    const result = await work()
    measures.push({ name, value: Math.round(performance.now() - began) / 1000, unit: 's', limit: 28_800, op: '<=' })
    return result
  }
  const aside = await timed('to_side_seconds', 'Restoring it to the side', () =>
    restoreAside(scratch, { set, name: side, hosts: [], days: 1, erp }),
  )
  demandCompared(aside.comparisons)
  if (aside.instance.kind !== 'copy') throw new OpsError('set_damaged', 'What was restored to the side is no copy: it would send mail.')
  const over = await timed('over_live_seconds', 'Restoring it over the live instance', () =>
    restoreOverLive(scratch, live, { set, confirm: live, erp }),
  )
  demandCompared(over.comparisons)
  await demandGeneration(scratch, over.to)
  await timed('undo_seconds', 'Undoing that', () => undoRestore(scratch, live, { confirm: live, erp }))
  await demandGeneration(scratch, over.from)
  return [...measures, { name: 'write_gap_ms', value: over.writeGapMs, unit: 'ms' }]
}

function demandCompared(comparisons: readonly Comparison[]): void {
  const faults = comparisons.filter(({ isSame }) => !isSame)
  if (comparisons.length === 0 || faults.length)
    throw new OpsError(
      'set_damaged',
      `What was restored is not what was backed up: ${faults.map(({ says }) => says).join('; ') || 'nothing was compared'}.`,
    )
}

/** One generation lives, and nobody gets into another one. */
async function demandGeneration(scratch: Host, generation: number): Promise<void> {
  const found = await findInstance(scratch, live)
  const { rows } = await scratch.db.query<{ name: string }>(
    `select datname as name from pg_database where starts_with(datname, $1) and datallowconn`,
    [found.database.replace(/_g\d+$/, '_g')],
  )
  if (found.generation !== generation || rows.length !== 1 || rows[0]!.name !== found.database)
    throw new OpsError('set_damaged', `Generation ${generation} should live alone; open are ${rows.map(({ name }) => name).join(', ')}.`)
}

async function rehearseDownload(scratch: Host, set: string, { tell }: RehearsalOrder): Promise<Measure[]> {
  tell?.('Making the open archive')
  const { path } = await buildDownload(scratch, set)
  const { bytes, files, isTrusted, isDumpReadable } = await verifyArchive(path, { trustedKey: (id) => scratch.keys.trustedKey(id) })
  if (!isTrusted || !isDumpReadable)
    throw new OpsError('set_damaged', 'The open archive is not signed by its host, or pg_restore cannot read its dump.')
  return [
    { name: 'archive_bytes', value: bytes, unit: 'B' },
    { name: 'files', value: files, unit: 'files' },
  ]
}
