import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { openHome, startHost, type Home, type Host } from '@erp4/ops'
import { CommandError } from './exit-codes.ts'
import { fingerprintNow } from './release.ts'
import { lendRootKey } from './root-key.ts'

/** `--home`, else `ERP4_HOME`, else `var/` in the checkout. */
export const homeFolder = (given: string | undefined): string =>
  resolve(given ?? process.env.ERP4_HOME ?? join(import.meta.dirname, '..', 'var'))

/** Runs `work` on the host of a home, whose cluster is started for that long where no `erp4 start` keeps it running. */
export async function withHost<T>(folder: string | undefined, work: (host: Host) => Promise<T>): Promise<T> {
  const { host, found } = await startHost(openHome(homeFolder(folder)))
  try {
    await lendRootKey(host.keys)
    return await work(host)
  } finally {
    await host.close()
    if (found === 'started' && !supervisorOf(host.home)) await host.cluster.stop()
  }
}

interface Holder {
  pid: number
  /** When the process began, in ticks since boot: a number is given to others, this is not. */
  began: string
  port: number
  /** Server processes. */
  processes: number
  /** Fingerprint of the code that its services run. */
  release: string
  /** How often its services were started anew: renewals that have begun, and those that are over. */
  renewals?: { begun: number; over: number }
}

const lockFile = (home: Home): string => join(home.run, 'supervisor.json')

/** The running `erp4 start` of a home. */
export function supervisorOf(home: Home): Holder | undefined {
  if (!existsSync(lockFile(home))) return undefined
  try {
    const holder = JSON.parse(readFileSync(lockFile(home), 'utf8')) as Holder
    return holder.began === beginningOf(holder.pid) ? holder : undefined
  } catch {
    return undefined // half written by a process that was killed
  }
}

/** Makes this process the one supervisor of a home; gives the way to let go. */
export function becomeSupervisor(home: Home, run: Pick<Holder, 'port' | 'processes' | 'release'>): () => void {
  for (let attempt = 0; ; attempt++) {
    try {
      const file = openSync(lockFile(home), 'wx', 0o600)
      writeSync(file, JSON.stringify({ pid: process.pid, began: beginningOf(process.pid), ...run } satisfies Holder))
      closeSync(file)
      return () => rmSync(lockFile(home), { force: true })
    } catch (error) {
      if ((error as { code?: string }).code !== 'EEXIST') throw error
      const holder = supervisorOf(home)
      if (holder || attempt > 2) {
        throw new CommandError(
          'already_running',
          `ERP4 is already running from ${home.dir} (process ${holder?.pid ?? 'unknown'}, port ${holder?.port ?? 'unknown'}).`,
        )
      }
      rmSync(lockFile(home), { force: true })
    }
  }
}

/** Changes what is known of this supervisor: the code that its services run now, the port that it was given, its renewals. */
export function noteSupervisor(home: Home, change: Partial<Pick<Holder, 'port' | 'release' | 'renewals'>>): void {
  const holder = JSON.parse(readFileSync(lockFile(home), 'utf8')) as Holder
  const fresh = `${lockFile(home)}.new`
  writeFileSync(fresh, JSON.stringify({ ...holder, ...change }), { mode: 0o600 })
  renameSync(fresh, lockFile(home))
}

const renewalPatienceMs = 60_000

/**
 * Has a running `erp4 start` take up the code that is in the checkout, if it began with other code: a server knows the apps it was
 * started with. Resolves when its services run it.
 */
export async function renewServices(home: Home): Promise<void> {
  const now = fingerprintNow()
  const holder = supervisorOf(home)
  if (holder && holder.release !== now) await renewal(home, holder, ({ release }) => release === now, 'take up the changed code')
}

/**
 * Has the services of a running `erp4 start` begin anew with the keys and passwords that there are now: they were given theirs when they
 * began. Resolves when they have.
 */
export async function giveServicesNewKeys(home: Home): Promise<void> {
  const holder = supervisorOf(home)
  // One that is under way may have handed out the old ones already.
  const next = (holder?.renewals?.begun ?? 0) + 1
  if (holder) await renewal(home, holder, ({ renewals }) => (renewals?.over ?? 0) >= next, 'begin anew with the new keys')
}

async function renewal(home: Home, { pid }: Holder, isOver: (holder: Holder) => boolean, what: string): Promise<void> {
  process.kill(pid, 'SIGUSR2')
  for (const deadline = Date.now() + renewalPatienceMs; ; await pause(100)) {
    const holder = supervisorOf(home)
    if (holder && isOver(holder)) return
    if (!holder || Date.now() > deadline)
      throw new CommandError('internal', `The running ERP4 did not ${what}: see ${home.log}, and start it again.`)
  }
}

function beginningOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')[19]!
  } catch {
    return existsSync('/proc/self/stat') ? 'gone' : String(isAlive(pid) && pid)
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
