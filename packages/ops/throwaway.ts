import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Cluster } from './cluster.ts'
import { openHome, openOrCreateHome } from './home.ts'
import { OpsError } from './errors.ts'
import { Host, startHost } from './host.ts'
import { findInstance } from './instances.ts'
import { removeInstance } from './instances-removal.ts'
import { HostKeys } from './keys.ts'
import { operation } from './operation.ts'
import { PreparedData, preparedFolder } from './prepared.ts'

export interface Throwaway {
  host: Host
  cluster: Cluster
  /** Stops the cluster and removes its home; a cluster shared with other tests only loses our connections. */
  stop(): Promise<void>
}

/** Hosts of throw-away clusters. */
const made = new WeakSet<Host>()

/** Names the home of a cluster that several test processes share; whoever sets it also stops it. */
export const sharedHomeVariable = 'ERP4_TEST_HOME'

/**
 * A cluster with the same hardening as a real one, in a temporary home, without fsync. It ends with this process, even by `kill -9`.
 * Where `ERP4_TEST_HOME` names a running one, that is used, unless `own` is asked for (by a test that kills it, say).
 */
export async function startThrowawayCluster(options: { own?: boolean } = {}): Promise<Throwaway> {
  const shared = options.own ? undefined : process.env[sharedHomeVariable]
  return shared ? joinShared(shared) : startOwn()
}

/** Removes an instance at once, without grace or backup: of a throw-away cluster only. */
export async function discardInstance(host: Host, name: string): Promise<void> {
  if (!made.has(host)) throw new OpsError('refused', `${name} belongs to a real host: it is deleted with grace.`)
  const { uuid } = await findInstance(host, name)
  await operation(host.db, uuid, 'discard', () => removeInstance(host, uuid))
}

async function startOwn(): Promise<Throwaway> {
  const dir = mkdtempSync(join(tmpdir(), 'erp4-test-'))
  chmodSync(dir, 0o711) // closed by mkdtemp, to the OS user of PostgreSQL too
  const letGo = guardAgainstOrphans(dir)
  const { home } = openOrCreateHome(dir)
  const shared = process.env[sharedHomeVariable]
  // What is prepared for one of a run's clusters is for all, and for the scratch clusters beside them.
  if (shared !== undefined && existsSync(preparedFolder(shared))) symlinkSync(preparedFolder(shared), preparedFolder(dir))
  const { host } = await startHost(home, { throwaway: true, prepared: new PreparedData(preparedFolder(dir)) })
  made.add(host)
  const stop = async () => {
    await host.close()
    await host.cluster.stop('immediate')
    rmSync(dir, { recursive: true, force: true })
    letGo()
  }
  return { host, cluster: host.cluster, stop }
}

function joinShared(dir: string): Throwaway {
  const home = openHome(dir)
  const host = new Host(home, new Cluster(home, { throwaway: true }), HostKeys.open(home))
  made.add(host)
  return { host, cluster: host.cluster, stop: () => host.close() }
}

/** A shell that does nothing until the pipe to us breaks, however we ended; then it stops the cluster and removes the home. */
function guardAgainstOrphans(dir: string): () => void {
  const script =
    'cat >/dev/null; [ -f "$1/data/postmaster.pid" ] && kill -QUIT "$(head -n 1 "$1/data/postmaster.pid")"; sleep 1; rm -rf "$1"'
  const guard = spawn('sh', ['-c', script, 'sh', dir], { detached: true, stdio: ['pipe', 'ignore', 'ignore'], cwd: '/' })
  guard.unref()
  ;(guard.stdin as unknown as { unref(): void }).unref() // a pipe to a child is a socket; it must not keep the tests waiting
  return () => guard.kill('SIGKILL')
}
