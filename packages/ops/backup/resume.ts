import { createReadStream } from 'node:fs'
import { basename, join } from 'node:path'
import { OpsError } from '../errors.ts'
import type { Host } from '../host.ts'
import { dropDeadLocks, operation } from '../operation.ts'
import { measure } from '../stores/content.ts'
import { objectsOf } from '../stores/objects.ts'
import { fail, readSigned } from './record.ts'
import { setSubject } from './set.ts'
import { parseManifest } from './signed-manifest.ts'
import { removeSpool, spooledSets, spoolFolder } from './spool.ts'
import { storeSet, type StoringOptions } from './storing.ts'

/** What became of the sets that killed processes had under way. */
export interface FinishedSet {
  set: string
  result: 'published' | 'failed'
  error?: string
}

/**
 * Finishes or throws away every set whose maker is gone: what was spooled whole goes on to the stores, what was not is nothing. To be called
 * at the start of a host and by the agent; a set that somebody is at work on is left to him.
 */
export async function finishBackups(host: Host, options: StoringOptions = {}): Promise<FinishedSet[]> {
  await dropDeadLocks(host.db)
  // Looked at before the rows: a set that begins now has its row first, its spool after.
  const spooled = spooledSets(host.home)
  const { rows } = await host.db.query<{ id: string }>(
    `select id from backup_set where state in ('planned', 'dumping', 'spooled', 'storing') order by id`,
  )
  const finished: FinishedSet[] = []
  for (const { id } of rows) {
    const one = await finish(host, id, options).catch(unlessBusy)
    if (one) finished.push(one)
  }
  const unfinished = new Set(rows.map((row) => row.id))
  for (const set of spooled.filter((one) => !unfinished.has(one))) await sweep(host, set).catch(unlessBusy)
  return finished
}

const finish = (host: Host, set: string, options: StoringOptions): Promise<FinishedSet | undefined> =>
  operation(
    host.db,
    setSubject(set),
    'finish backup set',
    async () => {
      const { rows } = await host.db.query<{ state: string }>('select state from backup_set where id = $1', [set])
      const state = rows[0]?.state
      if (state === 'planned' || state === 'dumping') return abandon(host, set, 'its process ended before everything was dumped')
      if (state !== 'spooled' && state !== 'storing') return undefined // finished meanwhile
      const fault = await faultOfSpool(host, set)
      if (fault) return abandon(host, set, fault)
      try {
        await storeSet(host, set, options)
        return { set, result: 'published' as const }
      } catch (error) {
        return { set, result: 'failed' as const, error: (error as Error).message }
      }
    },
    { waitMs: 0 },
  )

async function abandon(host: Host, set: string, why: string): Promise<FinishedSet> {
  removeSpool(host.home, set)
  await fail(host, set, new OpsError('program_failed', `The backup was interrupted: ${why}.`))
  return { set, result: 'failed', error: why }
}

/** Each file is read: a machine that lost its power may have lost what it said it had written. */
async function faultOfSpool(host: Host, set: string): Promise<string | undefined> {
  const signed = await readSigned(host, set)
  for (const { key, bytes, sha256 } of objectsOf(parseManifest(signed.text), signed)) {
    const found = await measure(createReadStream(join(spoolFolder(host.home, set), basename(key)))).catch(() => undefined)
    if (found?.length !== bytes || found.sha256 !== sha256) return `${basename(key)} in the spool is not whole`
  }
  return undefined
}

/** A spool whose set has ended, or of which nothing is known: its process died between the row's last change and the removal. */
const sweep = (host: Host, set: string): Promise<void> =>
  operation(host.db, setSubject(set), 'sweep backup set', async () => removeSpool(host.home, set), { waitMs: 0 })

const unlessBusy = (error: Error & { code?: string }): undefined => {
  if (error.code !== 'busy') throw error
}
