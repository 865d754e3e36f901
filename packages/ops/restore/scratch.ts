import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { OsUser } from '../os-user.ts'
import { findOsUser, isRoot } from '../os-user.ts'
import { ensureFolder } from '../files.ts'
import { openOrCreateHome, type Home } from '../home.ts'
import { startHost, type Host } from '../host.ts'
import { PreparedData, preparedFolder } from '../prepared.ts'
import { createInstance, type Instance } from '../instances.ts'
import { removeInstance } from '../instances-removal.ts'
import { ulid } from '../ulid.ts'

/** Whom the scratch cluster runs as on a host of root's: somebody who can read nothing else of it. */
export const scratchUser = 'erp4scratch'

/**
 * A cluster beside the production one, into which sets are restored to prove them, and hostile uploads to be looked at (cloud.md §5):
 * hardened in the same way, with passwords of its own, without fsync, on a unix socket alone and, as root, in a network namespace
 * with nothing in it.
 */
export interface Scratch {
  readonly host: Host
  /** An empty database with the roles of an instance, as `erp4_empty` makes it: what a dump is loaded into. */
  empty(apps: readonly string[]): Promise<Instance>
  /** Makes room for the next. */
  discard(instance: Instance): Promise<void>
}

/**
 * Runs `work` with a scratch cluster of its own in `<home>/scratch`, which is gone afterwards, and with this process at the latest,
 * however that ends. Several at once do not meet.
 */
export async function withScratch<T>(home: Home, work: (scratch: Scratch) => Promise<T>): Promise<T> {
  const dir = reserve(home)
  const letGo = guardAgainstOrphans(dir)
  try {
    const options = {
      scratch: true,
      maxConnections: 40,
      user: isRoot() ? findOsUser(scratchUser) : undefined,
      launcher: launcher(),
      prepared: new PreparedData(preparedFolder(home.dir)),
    }
    const { host } = await startHost(openOrCreateHome(dir).home, options)
    try {
      return await work({
        host,
        empty: (apps) => emptyInstance(host, apps),
        discard: ({ uuid }) => removeInstance(host, uuid),
      })
    } finally {
      await host.close()
      await host.cluster.stop('immediate')
    }
  } finally {
    rmSync(dir, { recursive: true, force: true })
    letGo()
  }
}

/** Removes what is left of scratch clusters whose processes are gone: the guard of a machine that lost its power could not. */
export function sweepScratch(home: Home): void {
  const folder = join(home.dir, 'scratch')
  if (!existsSync(folder)) return
  for (const name of readdirSync(folder)) {
    const [pid, began] = name.split('-')
    if (beginningOf(Number(pid)) === began) continue
    stopPostgres(join(folder, name))
    rmSync(join(folder, name), { recursive: true, force: true })
  }
}

/** The folder's name tells whose it is: process, its beginning, and a random part. */
function reserve(home: Home): string {
  sweepScratch(home)
  ensureFolder(join(home.dir, 'scratch'), isRoot() ? 0o711 : 0o700)
  const dir = join(home.dir, 'scratch', `${process.pid}-${beginningOf(process.pid)}-${randomBytes(3).toString('hex')}`)
  ensureFolder(dir, isRoot() ? 0o711 : 0o700)
  return dir
}

async function emptyInstance(host: Host, apps: readonly string[]): Promise<Instance> {
  const name = `s${ulid().toLowerCase()}`
  const { instance } = await createInstance(host, {
    name,
    hosts: [],
    apps,
    release: '',
    template: 'erp4_empty',
    prepare: async () => undefined,
  })
  return instance
}

/** As root the network is taken away before rights are dropped; a kernel or container that forbids it leaves the closed unix socket. */
function launcher(): string[] {
  if (!isRoot() || spawnSync('unshare', ['--net', '--', 'setpriv', '--version']).status !== 0) return []
  const { uid, gid } = whoever()
  return ['unshare', '--net', '--', 'setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--']
}

const whoever = (): OsUser => findOsUser(scratchUser) ?? findOsUser('postgres')!

/** A shell that does nothing until the pipe to us breaks, however we ended; then it stops the cluster and removes its home. */
function guardAgainstOrphans(dir: string): () => void {
  const script =
    'cat >/dev/null; [ -f "$1/data/postmaster.pid" ] && kill -QUIT "$(head -n 1 "$1/data/postmaster.pid")"; sleep 1; rm -rf "$1"'
  const guard = spawn('sh', ['-c', script, 'sh', dir], { detached: true, stdio: ['pipe', 'ignore', 'ignore'], cwd: '/' })
  guard.unref()
  ;(guard.stdin as unknown as { unref(): void }).unref() // a pipe to a child is a socket; it must not keep us waiting
  return () => guard.kill('SIGKILL')
}

function stopPostgres(dir: string): void {
  try {
    const pid = Number(readFileSync(join(dir, 'data', 'postmaster.pid'), 'utf8').split('\n')[0])
    if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(dir)) process.kill(pid, 'SIGQUIT')
  } catch {
    // no such file or process: it has ended
  }
}

/** In clock ticks since boot: field 22 of proc(5) stat, the 20th after the name; empty when there is no such process. */
export function beginningOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]!
  } catch {
    return ''
  }
}
