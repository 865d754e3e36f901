import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { keyObject } from '../backup/manifest.ts'
import { OpsError } from '../errors.ts'
import { signLine } from '../evidence/record.ts'
import { writeDurably } from '../files.ts'
import type { Home } from '../home.ts'
import type { Host } from '../host.ts'
import type { StorePruner } from '../stores/store.ts'
import { atEach, isShredding, listKeyObjects, objectFolder, shreddingFile, versionsIn } from './objects.ts'
import { rootFacts } from './root.ts'

/** How long copies of this home and of its registry may live elsewhere: physical backups, safety copies. */
export const copiesLiveDays = 35
const dayMs = 86_400_000

/** What is known of the end of an instance's keys. Dates are ISO 8601; nothing here is secret. */
export interface Shredding {
  v: 1
  instance: string
  asked: string
  versions: readonly number[]
  /** Id of the root key that the objects were sealed under: once it is destroyed, copies of them are noise. */
  root: string
  /** By location: when its objects went, and when they have left its trash. */
  locations: Readonly<Record<string, { removed: string; trashUntil: string }>>
  /** When the keys left this host. */
  hostRemoved: string | null
  /** Until then copies of the home may still exist. */
  copiesUntil: string
  /** When all of that had passed. */
  done: string | null
}

const folderOf = (home: Home): string => dirname(shreddingFile(home, ''))

/** The shreddings of this home, the oldest first. */
export function listShreddings(home: Home): Shredding[] {
  const names = existsSync(folderOf(home)) ? readdirSync(folderOf(home)).filter((name) => name.endsWith('.json')) : []
  const found = names.map((name) => JSON.parse(readFileSync(join(folderOf(home), name), 'utf8')) as Shredding)
  return found.sort((a, b) => a.asked.localeCompare(b.asked))
}

/**
 * Destroys the keys of an instance: its key objects in every location, then what this host has. What was sealed with them stays where it
 * is and is noise to everybody who has no copy of the keys; `waitsFor` says until when there may be copies. A location that is away stops
 * it with OpsError `store_failed` and the host keeps its keys; run it again. Under legal hold it is refused before anything happens. With
 * `onlyOwn` the versions go that this host has, and what another host put beside them stays.
 */
export async function shredInstanceKeys(
  host: Host,
  uuid: string,
  pruners: readonly StorePruner[],
  { onlyOwn = false, now = new Date() }: { onlyOwn?: boolean; now?: Date } = {},
): Promise<Shredding> {
  await demandNotHeld(host, uuid)
  const { home, keys } = host
  let shredding = isShredding(home, uuid) ? goOn(home, uuid) : begin(home, uuid, now)
  const note = (change: Partial<Shredding>) => write(home, (shredding = { ...shredding, ...change }))
  note({})
  const results = await atEach(pruners, async (pruner) => {
    const there = async () => (await listKeyObjects(pruner, uuid)).filter((version) => !onlyOwn || shredding.versions.includes(version))
    for (const version of new Set([...shredding.versions, ...(await there())])) await pruner.delete(keyObject(uuid, version))
    if ((await there()).length) throw new OpsError('store_failed', 'it still lists key objects that were deleted')
    const trashUntil = new Date(now.getTime() + (pruner.trashDays + 1) * dayMs).toISOString()
    const { name } = pruner.location
    if (!shredding.locations[name]) note({ locations: { ...shredding.locations, [name]: { removed: now.toISOString(), trashUntil } } })
  })
  const failed = results.find(({ error }) => error)
  if (failed) {
    throw new OpsError(
      'store_failed',
      `The keys of instance ${uuid} still lie in ${failed.location} (${failed.error!.message}): run this again.`,
    )
  }
  keys.removeInstanceKeys(uuid)
  note({ hostRemoved: shredding.hostRemoved ?? now.toISOString() })
  return shredding
}

/** What still has to happen before no copy of the keys is left, as sentences with dates; nothing when it has. */
export function waitsFor(home: Home, shredding: Shredding, now = new Date()): string[] {
  const trash = Object.entries(shredding.locations).filter(([, { trashUntil }]) => new Date(trashUntil) > now)
  return [
    ...(shredding.hostRemoved ? [] : ['its key objects have not gone from every location']),
    ...trash.map(([name, { trashUntil }]) => `until ${trashUntil.slice(0, 10)} they lie in the trash of ${name}`),
    ...(new Date(shredding.copiesUntil) > now ? [`until ${shredding.copiesUntil.slice(0, 10)} copies of the home may exist`] : []),
    ...(rootFacts(home).id === shredding.root ? ['the root key has not been rotated since: erp4 keys rotate root'] : []),
  ]
}

/** Certifies the shreddings that nothing is waited for any more: a line signed by the host, kept beside the record. Gives the new ones. */
export function certifyShreddings(host: Pick<Host, 'home' | 'keys'>, now = new Date()): { shredding: Shredding; certificate: string }[] {
  const { home, keys } = host
  const due = listShreddings(home).filter((one) => !one.done && waitsFor(home, one, now).length === 0)
  return due.map((one) => {
    const shredding = { ...one, done: now.toISOString() }
    const certificate = `${signLine({ ...shredding, host: home.id }, keys.signer('host'))}\n`
    writeDurably(join(folderOf(home), `${one.instance}.certificate`), certificate, { mode: 0o600 })
    write(home, shredding)
    return { shredding, certificate }
  })
}

async function demandNotHeld({ db }: Host, uuid: string): Promise<void> {
  const { rows } = await db.query<{ why: string }>(
    `select 'it is on legal hold: ' || legal_hold as why from instance where uuid = $1 and legal_hold is not null
     union all select 'its backup set ' || id || ' is on legal hold' from backup_set where instance = $1 and hold and state <> 'pruned'`,
    [uuid],
  )
  if (rows[0]) throw new OpsError('legal_hold', `The keys of instance ${uuid} are not shredded, since ${rows[0].why}.`)
}

const begin = (home: Home, uuid: string, now: Date): Shredding => ({
  v: 1,
  instance: uuid,
  asked: now.toISOString(),
  versions: versionsIn(objectFolder(home, uuid)),
  root: rootFacts(home).id,
  locations: {},
  hostRemoved: null,
  copiesUntil: new Date(now.getTime() + copiesLiveDays * dayMs).toISOString(),
  done: null,
})

/** An instance may have come back from another host since, with newer keys, and goes again. */
function goOn(home: Home, uuid: string): Shredding {
  const before = read(home, uuid)
  const newer = versionsIn(objectFolder(home, uuid)).filter((version) => !before.versions.includes(version))
  return newer.length ? { ...before, versions: [...before.versions, ...newer], hostRemoved: null, done: null } : before
}

const read = (home: Home, uuid: string): Shredding => JSON.parse(readFileSync(shreddingFile(home, uuid), 'utf8')) as Shredding

function write(home: Home, shredding: Shredding): void {
  mkdirSync(folderOf(home), { recursive: true, mode: 0o700 })
  writeDurably(shreddingFile(home, shredding.instance), `${JSON.stringify(shredding)}\n`, { mode: 0o600 })
}
