import { OpsError } from '../errors.ts'
import type { Host } from '../host.ts'
import { printable } from '../printable.ts'
import { readRegister } from '../stores/locations.ts'
import { openStores } from '../stores/open.ts'
import { placement, type Copy } from '../stores/placement.ts'
import { readText } from '../stores/content.ts'
import type { StoreReader } from '../stores/store.ts'
import { setPrefix, type Manifest, type SetClass } from './manifest.ts'
import { openManifest, type SignedManifest } from './signed-manifest.ts'

export type SetState = 'planned' | 'dumping' | 'spooled' | 'storing' | 'published' | 'failed' | 'pruned'

/** A copy of a set in one location; `checked` is when every byte of it was last read back. */
export type BackupCopy = Copy & { checked: Date | null }

/** A set as this host knows it. The truth is what the stores hold; see `rebuildCatalogue`. */
export interface BackupSet {
  /** ULID. */
  id: string
  /** uuid; its name where it still exists. */
  instance: string
  name: string | null
  class: SetClass
  state: SetState
  seq: number
  started: Date
  /** The one point in time, by the database's clock. */
  taken: Date | null
  ended: Date | null
  labels: Manifest['labels'] | null
  /** Of all parts as they are stored; while it is being made, the room set aside for it. */
  bytes: number | null
  databaseBytes: number | null
  error: string | null
  /** The newest restore test that it passed. */
  proven: Date | null
  hold: boolean
  keepUntil: Date | null
  copies: readonly BackupCopy[]
  /** Published, with as many copies in as many places as it should have. */
  counts: boolean
  /** Why it does not, in sentences. */
  reasons: readonly string[]
}

const columns = `s.id, s.instance, i.name, s.class, s.state, s.seq::float8 as seq, s.started, s.taken, s.ended, s.labels, s.bytes::float8 as bytes,
  s.database_bytes::float8 as "databaseBytes", s.error, s.proven, s.hold, s.keep_until as "keepUntil",
  coalesce((select json_agg(json_build_object('location', c.location, 'state', c.state, 'error', c.error, 'checked', c.checked) order by c.location)
    from backup_copy c where c.set = s.id), '[]') as copies`

type Row = Omit<BackupSet, 'counts' | 'reasons' | 'copies'> & { copies: (Copy & { checked: string | null })[] }

/** The sets of one instance, by its name or its uuid (of one that is gone, say), or of all; the newest first. */
export async function listBackups(host: Host, instance?: string): Promise<BackupSet[]> {
  const { rows } = await host.db.query<Row>(
    `select ${columns} from backup_set s left join instance i on i.uuid = s.instance
     where $1::text is null or i.name = $1 or s.instance::text = $1 order by s.started desc, s.id desc`,
    [instance ?? null],
  )
  return rows.map(judge(host))
}

/** OpsError `not_found` when this host knows no set of that id. */
export async function showBackup(host: Host, set: string): Promise<BackupSet> {
  const { rows } = await host.db.query<Row>(
    `select ${columns} from backup_set s left join instance i on i.uuid = s.instance where s.id = $1`,
    [set],
  )
  if (!rows[0]) throw new OpsError('not_found', `This host knows no backup set ${JSON.stringify(set)}: "erp4 backup list" shows all.`)
  return judge(host)(rows[0])
}

function judge(host: Host): (row: Row) => BackupSet {
  const { locations, waivers } = readRegister(host.home)
  return (row) => {
    const copies = row.copies.map((copy) => ({ ...copy, checked: copy.checked === null ? null : new Date(copy.checked) }))
    const placed = row.state === 'published' ? placement(copies, locations, waivers, row.instance) : undefined
    return { ...row, copies, counts: placed?.state === 'counts', reasons: placed?.reasons ?? [] }
  }
}

/** What `rebuildCatalogue` found. */
export interface Rebuilt {
  /** Sets whose manifests were read. */
  found: number
  /** Of them, those that the host had not known. */
  added: number
  /** What cannot be believed or read, in sentences. */
  problems: string[]
}

/**
 * Reads the catalogue anew from the manifests that the stores hold, each under a signature that is trusted here: after a disaster, or when
 * the registry is older than the sets. What is known already stays as it is. `instance` (a uuid) limits it to one.
 */
export async function rebuildCatalogue(host: Host, stores?: readonly StoreReader[], instance?: string): Promise<Rebuilt> {
  const rebuilt: Reading = { found: new Set(), added: 0, problems: [] }
  const opened = stores ?? (await openStores(host.home, 'read'))
  try {
    for (const store of opened) {
      await readStore(host, store, instance, rebuilt).catch((error: Error) => {
        rebuilt.problems.push(`${store.location.name}: ${error.message}`)
      })
    }
  } finally {
    if (!stores) await Promise.all(opened.map((store) => store.close()))
  }
  return { ...rebuilt, found: rebuilt.found.size }
}

interface Reading {
  found: Set<string>
  added: number
  problems: string[]
}

async function readStore(host: Host, store: StoreReader, instance: string | undefined, rebuilt: Reading): Promise<void> {
  for await (const key of manifestKeys(store, instance)) {
    try {
      const content = { text: await readText(store, key), signature: await readText(store, key.replace(/json$/, 'sig')) }
      const manifest = openManifest(content, (id) => host.keys.trustedKey(id))
      // A good manifest in another place is a set that was put in the place of another.
      if (`${setPrefix(manifest)}manifest.json` !== key) throw new OpsError('set_damaged', `It is the manifest of ${setPrefix(manifest)}.`)
      rebuilt.found.add(manifest.set)
      if (await remember(host, manifest, content, store.location.name)) rebuilt.added++
    } catch (error) {
      rebuilt.problems.push(printable(`${store.location.name} ${key}: ${(error as Error).message}`))
    }
  }
}

async function* manifestKeys(store: StoreReader, instance: string | undefined): AsyncGenerator<string> {
  let cursor: string | undefined
  do {
    const page = await store.list(instance ? `v1/${instance}/` : 'v1/', cursor)
    for (const { key } of page.objects) if (key.endsWith('/manifest.json')) yield key
    cursor = page.cursor
  } while (cursor)
}

/** Enters a set whose signature holds and that lies in `location`. True when it was unknown. Its copy is `stored`: that it is whole has to be seen by reading it. */
export async function remember(
  host: Host,
  manifest: Manifest,
  { text: json, signature }: SignedManifest,
  location: string,
): Promise<boolean> {
  const { set, instance, class: kind, seq, taken, labels, parts } = manifest
  const known = await host.db.query<{ manifest: string | null }>('select manifest from backup_set where id = $1', [set])
  if (known.rows[0] && known.rows[0].manifest !== null && known.rows[0].manifest !== json)
    throw new OpsError('set_damaged', 'It is not the manifest that this host wrote for the set.')
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0)
  const { rowCount } = await host.db.query(
    `insert into backup_set (id, instance, class, state, seq, started, taken, ended, labels, bytes, manifest, signature)
     values ($1, $2, $3, 'published', $4, $5, $5, $5, $6, $7, $8, $9) on conflict (id) do nothing`,
    [set, instance, kind, seq, taken, labels, bytes, json, signature],
  )
  await host.db.query(`insert into backup_copy (set, location, state) values ($1, $2, 'stored') on conflict do nothing`, [set, location])
  return rowCount === 1
}

/** A host that knows no set of an instance asks the stores first: numbers go on where they ended, also with a new registry. */
export async function catchUpInstance(host: Host, instance: string, stores?: readonly StoreReader[]): Promise<void> {
  const { rowCount } = await host.db.query('select from backup_set where instance = $1 limit 1', [instance])
  if (!rowCount) await rebuildCatalogue(host, stores, instance)
}
