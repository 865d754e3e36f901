import { join } from 'node:path'
import type { ErpTasks } from '../erp-tasks.ts'
import { OpsError } from '../errors.ts'
import type { Host } from '../host.ts'
import { connectAs, createInstance, type Instance } from '../instances.ts'
import type { Operation } from '../operation.ts'
import { compareDatabase, type Comparison } from './compare.ts'
import type { FetchedSet } from './fetch.ts'
import { demandCatalogue, loadDatabase } from './load.ts'
import { placeFiles } from './place-files.ts'
import { fromAnyStore, type SourceOptions } from './source.ts'
import { unpackFiles } from './stored-files.ts'

export interface AsideOrder extends SourceOptions {
  set: string
  /** Of the new instance. */
  name: string
  hosts: readonly string[]
  /** After so many days it goes by itself. */
  days: number
  erp: ErpTasks
}

export interface AsideReport {
  instance: Instance
  set: string
  taken: string
  location: string
  comparisons: readonly Comparison[]
  seconds: number
}

/**
 * Restores a set beside everything that lives, as an instance of its own: database, roles, keys and files. That it is a copy is a fact of the
 * registry before its database exists (cloud.md §4): it never sends a mail or runs a job. Nobody can reach it before it was compared with
 * what was backed up, migrated and neutralised. Interrupted, nothing of it stays.
 */
export async function restoreAside(host: Host, order: AsideOrder): Promise<AsideReport> {
  const began = performance.now()
  return fromAnyStore(host, order.set, order, async (fetched) => {
    const { facts, manifest, location } = fetched
    const { name, hosts, days, erp } = order
    const { apps, zone, uuid } = facts.instance
    const made = { name, hosts, apps, release: erp.release, template: 'erp4_empty', kind: 'copy', copyOf: uuid, days, zone } as const
    const { instance, prepared } = await createInstance(host, { ...made, prepare: (copy, op) => fill(host, copy, fetched, order, op) })
    const seconds = Math.round(performance.now() - began) / 1000
    return { instance, set: order.set, taken: manifest.taken, location, comparisons: prepared, seconds }
  })
}

async function fill(host: Host, copy: Instance, fetched: FetchedSet, order: AsideOrder, op: Operation): Promise<Comparison[]> {
  const comparisons = await fillFromSet(host, copy, fetched, order, op)
  order.tell?.('Neutralising')
  await op.step('neutralised')
  await order.erp.neutralise(copy)
  return comparisons
}

/**
 * Everything that a fetched set holds goes into the empty database and folder of an instance, is compared with what was backed up, and brought
 * to this release. Every restore of an instance beside what lives goes through here, after a disaster too.
 */
export async function fillFromSet(
  host: Host,
  copy: Instance,
  fetched: FetchedSet,
  { erp, tell = () => {}, progress }: Pick<AsideOrder, 'erp' | 'tell' | 'progress'>,
  op: Operation,
): Promise<Comparison[]> {
  const begin = async (step: string, says: string): Promise<void> => {
    tell(says)
    await op.step(step)
  }
  const owner = await connectAs(host, copy, 'owner')
  await begin('loaded', 'Loading the database')
  await loadDatabase(host.home, fetched, owner, { signal: op.signal, progress })
  await begin('catalogue_ok', 'Comparing it with what was backed up')
  await demandCatalogue(owner, fetched.facts.catalogue)
  const comparisons = await compareDatabase(owner, fetched)
  const faults = comparisons.filter(({ isSame }) => !isSame)
  if (faults.length) throw new OpsError('set_damaged', `The copy is not what was backed up: ${faults.map(({ says }) => says).join('; ')}.`)
  await begin('files', 'Unpacking the files')
  const folder = join(fetched.folder, 'files')
  await unpackFiles(fetched, folder, op.signal)
  await placeFiles(host.home, copy.uuid, folder, fetched.facts.files)
  await begin('migrated', 'Bringing it to this release')
  await erp.migrate(copy)
  return comparisons
}
