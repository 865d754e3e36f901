import { type Host, startThrowawayCluster, sharedHomeVariable } from '@erp4/ops'

/** The cluster of a whole run of tests. */
export interface TestCluster {
  /** What the processes of the run need in their environment to find it. */
  readonly env: Readonly<Record<string, string>>
  stop(): Promise<void>
}

/** Starts the cluster that all test processes of a run share; `./erp4 test` does, once. */
export async function startTestCluster(): Promise<TestCluster> {
  const { host, stop } = await startThrowawayCluster({ own: true })
  return { env: { [sharedHomeVariable]: host.home.dir }, stop }
}

let found: Promise<Host> | undefined

/**
 * The cluster of this test process: the run's, or one of its own when a file is run by hand. Nobody has to stop it: the run
 * stops its own, and one that this process started ends with it.
 */
export function withCluster(): Promise<Host> {
  found ??= startThrowawayCluster().then(({ host }) => host)
  return found
}
