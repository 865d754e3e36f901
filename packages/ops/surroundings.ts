import { existsSync, lstatSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { asOpsError, OpsError } from './errors.ts'
import type { Finding } from './examination.ts'
import type { Host } from './host.ts'
import { postgresUser } from './os-user.ts'

const gibibyte = 2 ** 30

/** What lies around the databases: who may enter the folders of the home, how much room is left, whether the clock can be believed. */
export async function examineSurroundings(host: Host): Promise<Finding[]> {
  return [...folders(host), disk(host), await clock(host)]
}

/** Folders that must be closed, with the OS user who owns them where that is not ours. */
function folders({ home, cluster }: Host): Finding[] {
  const postgres = postgresUser()?.uid
  const server = home.serverUser?.uid
  const closed: [path: string, mask: number, owner: number | undefined][] = [
    [home.data, 0o077, postgres],
    [home.files, 0o077, server],
    [home.run, 0o077, undefined],
    // Root's own may be passed through, never listed or written: each service finds its file by name.
    [home.keys, 0o066, undefined],
    [home.log, 0o066, undefined],
    [join(home.keys, 'instances'), 0o077, undefined],
    [join(home.keys, 'logins'), 0o077, undefined],
    [join(home.keys, 'shredded'), 0o077, undefined],
    [join(home.keys, 'stores'), 0o077, undefined],
    // Whoever writes here decides whose signatures count.
    [join(home.keys, 'trusted'), 0o022, undefined],
    [join(home.keys, 'host'), 0o067, undefined],
    [cluster.socketDir, 0o067, postgres],
  ]
  const faults = closed.flatMap(([path, mask, owner]) => {
    if (!existsSync(path)) return []
    const { mode, uid } = lstatSync(path)
    return [
      ...(mode & mask ? [`The folder ${path} is open to others (${(mode & 0o777).toString(8)}): the next start closes it.`] : []),
      ...(owner !== undefined && uid !== owner ? [`The folder ${path} belongs to the wrong OS user (${uid} instead of ${owner}).`] : []),
    ]
  })
  return faults.length
    ? faults.map((text) => ({ level: 'fault', text }))
    : [{ level: 'ok', text: 'The folders of the home are closed to others.' }]
}

function disk({ home }: Host): Finding {
  const { bavail, blocks, bsize } = statfsSync(home.dir)
  const [free, all] = [bavail * bsize, blocks * bsize]
  const text = `${(free / gibibyte).toFixed(1)} of ${(all / gibibyte).toFixed(1)} GiB are free where ${home.dir} lies.`
  // PostgreSQL stops with a full disk, and needs room for its log before that.
  if (free < gibibyte) return { level: 'fault', text: `${text} That is too little: PostgreSQL stops when nothing is left.` }
  return { level: free < 5 * gibibyte ? 'note' : 'ok', text }
}

/** PostgreSQL takes so much for each further file of its log, and stops where it cannot. */
const leastRoom = 16 * 2 ** 20

/** Whatever it is that went wrong on a full disk, that is why: PostgreSQL ends, and others are told of a broken connection. */
export function causeOf(error: unknown, folder: string): unknown {
  if (asOpsError(error) && !isStopped(error)) return error
  const { bavail, bsize } = statfsSync(folder)
  if (bavail * bsize >= leastRoom) return error
  return new OpsError('disk_full', `The disk is full (${folder}): free some space and start again.`, { cause: error })
}

const isStopped = (error: unknown): boolean => asOpsError(error)?.code === 'cluster_failed'

/** A clock that was set back makes sessions live longer, and the trail's times go backwards. */
async function clock(host: Host): Promise<Finding> {
  const { rows } = await host.db.query<{ ahead: boolean }>(
    `select coalesce(greatest((select max(at) from audit_head), (select max(started) from operation), (select max(created) from instance))
       > now() + interval '1 minute', false) as ahead`,
  )
  return rows[0]!.ahead
    ? { level: 'fault', text: 'The clock of this machine was set back: the registry holds times that are still to come.' }
    : { level: 'ok', text: 'The clock of this machine goes on from the times that the registry holds.' }
}
