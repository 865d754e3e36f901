import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { OpsError } from './errors.ts'

/** A user of the operating system. */
export interface OsUser {
  name: string
  uid: number
  gid: number
}

export const isRoot = (): boolean => process.getuid?.() === 0

/** The local user of that name; users of a directory service are not looked for. */
export function findOsUser(name: string): OsUser | undefined {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`))
  if (!line) return undefined
  const [, , uid, gid] = line.split(':')
  return { name, uid: Number(uid), gid: Number(gid) }
}

/** Whom PostgreSQL runs as: `postgres` when we are root, which it refuses to be; otherwise ourselves (undefined). */
export function postgresUser(): OsUser | undefined {
  if (!isRoot()) return undefined
  const user = findOsUser('postgres')
  if (!user)
    throw new OpsError(
      'missing_right',
      'PostgreSQL refuses to run as root and there is no OS user "postgres": install PostgreSQL, or start as another user.',
    )
  return user
}

/** Whether `user` passes `test -<operator> path`: asked of the kernel, so that groups and ACLs count. */
export function userCan(user: OsUser, operator: 'r' | 'x' | 'w', path: string): boolean {
  return spawnSync('test', [`-${operator}`, path], { uid: user.uid, gid: user.gid, cwd: '/' }).status === 0
}

/** The first folder on the way to `path` that `user` cannot enter. */
export function blockedAt(user: OsUser, path: string): string | undefined {
  if (userCan(user, 'x', path)) return undefined
  const ways = [path]
  while (dirname(ways[0]!) !== ways[0]) ways.unshift(dirname(ways[0]!))
  return ways.find((folder) => !userCan(user, 'x', folder)) ?? path
}
