import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import {
  connectAs,
  createInstance,
  ensureTemplate,
  makeKit,
  openOrCreateHome,
  readRegister,
  runBackup,
  setInstance,
  startHost,
  withClient,
  writeRegister,
  type Host,
  type RecoveryJournal,
  type RecoveryKit,
} from '@erp4/ops'
import { asConnection } from '@erp4/orm'
import type { Erp } from '../erp.ts'
import { CommandError, exitCodes } from '../exit-codes.ts'
import { standardApps } from '../new-instance.ts'
import { ensureServiceUsers } from '../os-users.ts'
import { release, releaseFingerprint } from '../release.ts'
import { templateFor } from '../tasks.ts'
import { destroy, end, freePort, killAll, run, serve, type Program } from './location.ts'
import { signIn, untilBack, upload, Writer, type Account, type Call } from './outside.ts'
import { reportOf, type DrillReport } from './report.ts'
import { addContacts, asOwners } from './sql/weigh.ts'

export interface DrillOrder {
  id: string
  instances: number
  /** Leaves the new location where it is, and tells where. */
  isKept: boolean
  /** A worker less or more restores at once. */
  workers: number
  tell: (step: string) => void
}

const markerEveryMs = 2_000
const markerPatienceMs = 120_000
/** How long markers go on being written after the last set: what is lost. */
const lateMs = 5_000
const recoveryPatienceMs = 3_600_000

/** Contacts and files of each size; of eight instances five are small, two medium, one is large. */
const sizes = {
  small: { contacts: 0, files: 1 },
  medium: { contacts: 6_000, files: 2 },
  large: { contacts: 24_000, files: 5 },
} as const
const fileBytes = 400_000
type Size = keyof typeof sizes
const sizeOf = (index: number): Size => (['small', 'medium', 'large', 'small', 'small', 'medium', 'small', 'small'] as const)[index % 8]!
/** Every other one: neither the first nor the smallest are the paid ones. */
const planOf = (index: number): 'paid' | 'free' => (index % 2 === 1 ? 'paid' : 'free')

interface Drilled extends Account {
  plan: 'paid' | 'free'
  size: Size
}

/**
 * A drill as an outsider sees it (cloud.md §10): makes a location with instances that are used and backed up, kills it, takes away everything
 * that was in it, and brings it back in another place from the recovery kit alone. The ledger of what was acknowledged lies outside of both.
 */
export async function runDrill({ id, instances, isKept, workers, tell }: DrillOrder, erp: Erp): Promise<DrillReport> {
  const started = new Date()
  const dir = mkdtempSync(join(tmpdir(), 'erp4-drill-'))
  chmodSync(dir, 0o711) // closed by mkdtemp, to the OS users of the services too
  const place = { old: join(dir, 'old'), fresh: join(dir, 'new'), outside: join(dir, 'outside') }
  mkdirSync(place.outside, { mode: 0o700 })
  const interrupted = (): void => void sweep(dir).finally(() => process.exit(exitCodes.refused))
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, interrupted)
  try {
    ensureServiceUsers()
    tell(`Making a host with ${instances} instances`)
    const port = await freePort()
    const made = await makeOld(place.old, dir, instances, erp)
    const old = await used(place.old, port, made, place.outside, tell)
    tell('Killing every process of it, and removing all that lay there')
    const killedAt = Date.now()
    const destroyed = {
      processes: await destroy(place.old, old.program.child.pid!),
      what: 'cluster, files, host keys, registry, spool, journals',
      store: 'eu-1',
      storesLeft: ['us-1', 'ap-1'],
    }
    await Promise.all(old.writers.map((writer) => writer.stop()))
    tell('Recovering in another place, from the kit alone')
    const { journal, back } = await recovered(place.fresh, old.kit, place.outside, made.drilled, workers)
    const results = made.drilled.map(({ name, plan, size }, index) => ({
      name,
      plan,
      size,
      acknowledged: old.writers[index]!.acknowledged.filter(({ at }) => at <= killedAt),
      back: back[index],
    }))
    return reportOf({ id, started, killedAt, release: release(), destroyed, workers, everyMs: markerEveryMs, journal, instances: results })
  } finally {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, interrupted)
    await sweep(dir)
    if (isKept) tell(`Its files are left in ${dir}`)
    else rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** Whatever still runs there is ours. */
async function sweep(dir: string): Promise<void> {
  for (const name of ['old', 'new']) await killAll(join(dir, name))
}

interface Old {
  host: Host
  drilled: Drilled[]
}

/** One store lies in the home and goes with it; the other two are elsewhere. */
async function makeOld(folder: string, dir: string, count: number, erp: Erp): Promise<Old> {
  const { home } = openOrCreateHome(folder)
  home.note({ seeded: true })
  const { host } = await startHost(home)
  const register = readRegister(home)
  const locations = register.locations.map((one) =>
    one.name === 'eu-1' ? one : { ...one, store: { kind: 'directory' as const, path: join(dir, one.name) } },
  )
  // Under another name first: only a location that is new is given its folder.
  const moved = locations.map((one) => (one.name === 'eu-1' ? one : { ...one, name: `${one.name}-new` }))
  writeRegister(home, { ...register, locations: moved })
  writeRegister(home, { ...register, locations })
  const templates = new Map<Size, string>()
  for (const size of new Set(Array.from({ length: count }, (_none, index) => sizeOf(index)))) templates.set(size, await weighed(host, size))
  const drilled: Drilled[] = []
  for (let index = 0; index < count; index++) drilled.push(await makeOne(host, index, templates.get(sizeOf(index))!, erp))
  return { host, drilled }
}

async function weighed(host: Host, size: Size): Promise<string> {
  const from = await templateFor(host, standardApps, false)
  const { contacts } = sizes[size]
  if (contacts === 0) return from
  const order = { label: `drill ${size}`, apps: standardApps, fingerprint: `${releaseFingerprint()} ${contacts}`, from }
  return ensureTemplate(host, order, (config) =>
    withClient(config, async (client) => {
      const cx = asConnection(client)
      await cx.query(asOwners)
      await cx.query(addContacts(contacts))
    }),
  )
}

async function makeOne(host: Host, index: number, template: string, { firstSignIn }: Erp): Promise<Drilled> {
  const name = `drill-${String(index + 1).padStart(2, '0')}`
  const hostName = `${name}.example.com`
  const { login, password, set } = await firstSignIn()
  await createInstance(host, {
    name,
    hosts: [hostName],
    apps: standardApps,
    release: release(),
    template,
    plan: planOf(index),
    prepare: async (made) => set(made.name, await connectAs(host, made, 'runtime')),
  })
  await setInstance(host, name, { zone: 'Europe/Berlin' })
  return { name, hostName, login, password, plan: planOf(index), size: sizeOf(index) }
}

interface Used {
  program: Program
  writers: Writer[]
  kit: RecoveryKit
}

/** People outside write into each instance while and after it is backed up. Ends with a kit, in the hands of those outside. */
async function used(home: string, port: number, { host, drilled }: Old, outside: string, tell: (step: string) => void): Promise<Used> {
  const program = await serve(home, port)
  tell('Signing in from outside, writing markers')
  const calls: Call[] = []
  for (const one of drilled) {
    const call = await signIn(port, one)
    for (let number = 0; number < sizes[one.size].files; number++) await upload(call, randomBytes(fileBytes))
    calls.push(call)
  }
  const ledger = join(outside, 'ledger.jsonl')
  const writers = drilled.map((one, index) => new Writer(one, calls[index]!, { ledger, everyMs: markerEveryMs }))
  for (const [index, writer] of writers.entries())
    if (!(await writer.begins(markerPatienceMs)))
      throw new CommandError('internal', `${drilled[index]!.name} acknowledged no marker: nothing can be measured.`)
  tell('Backing up while markers are written')
  for (const { name } of drilled) await runBackup(host, name, { class: 'scheduled' })
  const kit = await makeKit(host, host.keys.root, release())
  await pause(lateMs)
  await host.close()
  return { program, writers, kit }
}

/** As an operator does it: one command recovers, another serves, and what is back is used while the rest is still being restored. */
async function recovered(
  folder: string,
  kit: RecoveryKit,
  outside: string,
  drilled: readonly Drilled[],
  workers: number,
): Promise<{ journal: RecoveryJournal; back: Awaited<ReturnType<typeof untilBack>>[] }> {
  const { shares, ...root } = kit.root
  const files = { kit: join(outside, 'kit.json'), one: join(outside, 'share-1'), two: join(outside, 'share-3') }
  writeFileSync(files.kit, JSON.stringify({ ...kit, root: { ...root, shares: [] } }), { mode: 0o600 })
  writeFileSync(files.one, `${shares[0]}\n`, { mode: 0o600 })
  writeFileSync(files.two, `${shares[2]}\n`, { mode: 0o600 })
  const port = await freePort()
  const given = ['--share', files.one, '--share', files.two, '--workers', String(workers)]
  const recovery = run('restore', '--from-kit', files.kit, '--home', folder, ...given, '--json')
  const failed = new AbortController()
  const serving = untilMade(folder, recovery).then(() => serve(folder, port))
  serving.catch(() => failed.abort())
  let isServing = false
  void serving.then(
    () => (isServing = true),
    () => {},
  )
  const deadline = Date.now() + recoveryPatienceMs
  const watching = drilled.map((one) => untilBack(() => (isServing ? port : undefined), one, deadline, failed.signal))
  const code = await recovery.ended
  if (!recovery.out().trim()) failed.abort()
  // Whoever is not served a minute after the end of a recovery will not be.
  else setTimeout(() => failed.abort(), 60_000).unref()
  const back = await Promise.all(watching)
  const program = await serving.catch(() => undefined)
  if (program) await end(program)
  if (!recovery.out().trim()) throw new CommandError('internal', `The recovery ended (${code}) without a result: ${recovery.said()}`)
  return { journal: JSON.parse(recovery.out()) as RecoveryJournal, back }
}

/** Until the new home can be served: its registry is there, and knows where it comes from. */
async function untilMade(folder: string, recovery: Program): Promise<void> {
  while (!existsSync(join(folder, 'locations.json'))) {
    if (recovery.child.exitCode !== null)
      throw new CommandError('internal', `The recovery ended before there was a home: ${recovery.said()}`)
    await pause(50)
  }
  // Written whole: the file is renamed into its place.
  readFileSync(join(folder, 'locations.json'))
}
