import { statSync } from 'node:fs'
import type { Finding } from '../examination.ts'
import type { Home } from '../home.ts'
import { hasCredentials } from './credentials.ts'
import { directoryOf, readRegister, type LocationRegister, type RegisteredLocation } from './locations.ts'
import { openStore } from './open.ts'
import { within } from './replicate.ts'

const patienceMs = 20_000
/** As far as a store's clock and ours may differ before nothing is pruned. */
const clockLimitMs = 600_000

/** What `doctor` says of the places where backups lie: which are away, and what those that are there do not protect from. */
export async function examineStores(home: Home): Promise<Finding[]> {
  let register: LocationRegister
  try {
    register = readRegister(home)
  } catch (error) {
    return [{ level: 'fault', text: (error as Error).message }]
  }
  const reached = await Promise.all(register.locations.map((location) => examineReach(home, location)))
  const faults = reached.flat()
  const names = register.locations.map(({ name }) => name).join(', ')
  return [
    ...(faults.length ? faults : [{ level: 'ok' as const, text: `All locations of backups can be reached: ${names}.` }]),
    ...directories(home, register),
    ...unlocked(home, register),
    ...register.waivers.map(({ instance, who, when, reason, countries }): Finding => {
      const which = instance === '*' ? 'all instances' : instance
      return {
        level: 'note',
        text: `Backups of ${which} stay in ${countries.join(', ')}, decided by ${who} on ${when.slice(0, 10)}: ${reason}.`,
      }
    }),
  ]
}

async function examineReach(home: Home, location: RegisteredLocation): Promise<Finding[]> {
  const store = await openStore(home, location, 'write')
  try {
    const [now] = await within(location, patienceMs, undefined, () => Promise.all([store.now(), store.list('v1/')]))
    const apart = Math.abs(now.getTime() - Date.now())
    if (apart <= clockLimitMs) return []
    const minutes = Math.round(apart / 60_000)
    return [
      {
        level: 'fault',
        text: `The clock of ${location.name} and that of this machine are ${minutes} minutes apart: nothing is pruned until they agree.`,
      },
    ]
  } catch (error) {
    return [{ level: 'fault', text: (error as Error).message }]
  } finally {
    void store.close().catch(() => {}) // it may hang as its requests do
  }
}

/** A folder that we can write to, we can empty: whoever takes this machine over has its copies, too. */
function directories(home: Home, { locations }: LocationRegister): Finding[] {
  const found = locations.flatMap(({ name, store }) => {
    if (store.kind !== 'directory') return []
    const stats = statSync(directoryOf(home, store), { throwIfNoEntry: false })
    return stats ? [{ name, uid: stats.uid, device: stats.dev }] : []
  })
  if (found.length === 0) return []
  const all = found.length === locations.length
  const own = found.filter(({ uid }) => uid === process.getuid!()).map(({ name }) => name)
  const disks = Map.groupBy(found, ({ device }) => device)
  return [
    ...(own.length
      ? [
          note(
            `Not ransomware-safe: ${own.join(', ')} ${own.length > 1 ? 'are folders' : 'is a folder'} of the OS user that runs this. Whoever takes this machine can delete ${all ? 'every copy' : 'those copies'}.`,
          ),
        ]
      : []),
    ...[...disks.values()]
      .filter((some) => some.length > 1)
      .map((some) =>
        note(
          `${some.map(({ name }) => name).join(', ')} lie on one disk: it fails, and ${all && disks.size === 1 ? 'every copy is' : 'those copies are'} gone.`,
        ),
      ),
  ]
}

function unlocked(home: Home, { locations }: LocationRegister): Finding[] {
  const open = locations.filter(({ store }) => store.kind === 's3' && store.lock === 'none').map(({ name }) => name)
  const held = locations.filter((one) => one.store.kind !== 'directory' && hasCredentials(home, one, 'prune')).map(({ name }) => name)
  return [
    ...(open.length ? [note(`Without object lock: ${open.join(', ')}. Who has the pruner's key there can delete every version.`)] : []),
    ...(held.length
      ? [note(`The credentials that delete in ${held.join(', ')} lie on this host: keep them at the location, where the pruner runs.`)]
      : []),
  ]
}

const note = (text: string): Finding => ({ level: 'note', text })
