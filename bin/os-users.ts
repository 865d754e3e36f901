import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { findOsUser, isRoot, scratchUser, userCan, type OsUser } from '@erp4/ops'

/** `serve` and `work` run as the first, `seal` as the second, so that neither can read what the other holds. */
export const serviceUsers = ['erp4', 'erp4seal'] as const
export type ServiceUser = (typeof serviceUsers)[number]

/** As root, makes the OS users that the services and the scratch cluster of restores run as, unless `ERP4_NO_INSTALL` forbids to change the machine. */
export function ensureServiceUsers(): void {
  if (!isRoot() || process.env.ERP4_NO_INSTALL === '1') return
  for (const name of [...serviceUsers, scratchUser]) {
    if (findOsUser(name)) continue
    spawnSync('useradd', [
      '--system',
      '--user-group',
      '--no-create-home',
      '--home-dir',
      '/nonexistent',
      '--shell',
      '/usr/sbin/nologin',
      name,
    ])
  }
}

/** Whom a service runs as, or the reason why it runs as whoever started us. */
export function serviceUser(name: ServiceUser): { user: OsUser } | { user: undefined; reason: string } {
  if (!isRoot()) return { user: undefined, reason: 'only root can start processes as other users' }
  const user = findOsUser(name)
  if (!user) return { user: undefined, reason: `there is no OS user ${name}` }
  const needed = [
    ['r', join(import.meta.dirname, 'erp4.ts')],
    ['x', process.execPath],
  ] as const
  const closed = needed.find(([operator, path]) => !userCan(user, operator, path))
  if (closed) return { user: undefined, reason: `the OS user ${name} cannot reach ${closed[1]}` }
  // The group opens the way to the socket of PostgreSQL; what the two users must not read of each other is closed to it.
  return { user: { ...user, gid: findOsUser('erp4')?.gid ?? user.gid } }
}
