import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import {
  causeOf,
  Cluster,
  finishInterrupted,
  isRoot,
  listInstances,
  openOrCreateHome,
  startHost,
  sweepInstances,
  type Home,
  type Host,
  type Instance,
} from '@erp4/ops'
import { buildClient, isClientBuilt } from '@erp4/web/build'
import { demandConnections } from '../connections.ts'
import type { Erp } from '../erp.ts'
import { CommandError, exitCodes, failureOf } from '../exit-codes.ts'
import { finishers, tellFinished } from '../finishers.ts'
import { becomeSupervisor, homeFolder, noteSupervisor, supervisorOf } from '../home.ts'
import { numericHost, originOf, type HostAccess } from '../hosting.ts'
import { forgetFirstPassword, makeInstance, peekFirstPassword, standardApps } from '../new-instance.ts'
import { ensureServiceUsers } from '../os-users.ts'
import { fingerprintNow, release, releaseFingerprint } from '../release.ts'
import { print, say, Steps } from '../terminal.ts'
import { watchAgent } from './agent.ts'
import { Supervisor } from '../supervisor.ts'

const options = {
  port: { type: 'string', default: '8069' },
  home: { type: 'string' },
  json: { type: 'boolean', default: false },
  processes: { type: 'string', default: '1' },
  listen: { type: 'string', multiple: true },
  'metrics-port': { type: 'string' },
} as const

/** What machines read from `--json`. `password` only until it was shown once. */
interface ReadyInstance {
  name: string
  url: string
  db: string
  login?: string
  password?: string
}

/** Brings everything up, tells where it is, and keeps it running until a signal comes. */
export async function start(args: readonly string[], erp: Erp): Promise<void> {
  let order: Order
  try {
    order = orderOf(args)
  } catch (error) {
    if (!args.includes('--json')) throw error
    return tellMachines(error)
  }
  const run = new Run(order, erp)
  try {
    await run.start()
  } catch (error) {
    if (run.isInterrupted) return // its exit is under way
    const cause = existsSync(order.folder) ? causeOf(error, order.folder) : error
    await run.stop()
    if (!order.json) throw cause
    run.tellMachines(cause)
    return
  }
  await run.ended
}

/** The one line of a failure, and its exit code; what nobody foresaw has its stack on standard error. */
function tellMachines(error: unknown): void {
  const { code, message, stack } = failureOf(error)
  say(stack ?? `erp4: ${message}`)
  process.exitCode = exitCodes[code]
  print(JSON.stringify({ ready: false, error: { code, message } }))
}

function orderOf(args: readonly string[]): Order {
  const { values } = parseArgs({ args: [...args], options })
  return {
    port: numberOf(values.port, 'port', 0, 65_535),
    processes: numberOf(values.processes, 'processes', 1, 64),
    folder: homeFolder(values.home),
    json: values.json,
    listen: values.listen,
    metricsPort: values['metrics-port'] === undefined ? undefined : numberOf(values['metrics-port'], 'metrics-port', 1, 65_535),
  }
}

interface Order {
  port: number
  processes: number
  folder: string
  json: boolean
  /** Addresses to listen on, instead of the instances' own numbers on this machine. */
  listen: string[] | undefined
  /** Of the first server process; further ones take the next numbers. */
  metricsPort: number | undefined
}

class Run {
  readonly #steps = new Steps()
  #release = (): void => {}
  #unwatch = (): void => {}
  #home: Home | undefined
  #host: Host | undefined
  #supervisor: Supervisor | undefined
  #stopping: Promise<void> | undefined
  readonly #stopped = Promise.withResolvers<void>()
  readonly #order: Order
  readonly #erp: Erp
  #isReady = false
  readonly #ready = Promise.withResolvers<void>()
  #isTold = false
  isInterrupted = false

  constructor(order: Order, erp: Erp) {
    this.#order = order
    this.#erp = erp
  }

  /** Resolves when a signal has ended everything. */
  get ended(): Promise<void> {
    return this.#stopped.promise
  }

  async start(): Promise<void> {
    const { port: wanted, processes, folder, json } = this.#order
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => void this.#endBySignal(name))
    // One after the other: a service that is being ended twice would be started twice.
    let renewal = Promise.resolve()
    process.on('SIGUSR2', () => void (renewal = renewal.then(() => this.#renewServices())))
    say('ERP4 is starting.')
    ensureServiceUsers()
    const { home } = openOrCreateHome(folder)
    this.#release = becomeSupervisor(home, { port: wanted, processes, release: releaseFingerprint() })
    // Only now: what runs in a home that has another supervisor is not ours to stop.
    this.#home = home
    const port = await demandPort(wanted, this.#order.listen?.[0])
    noteSupervisor(home, { port })
    if (!isClientBuilt()) {
      this.#steps.begin('Building the web client')
      await buildClient()
    }
    const { host } = await startHost(home, { tell: (step) => this.#steps.begin(step) })
    this.#host = host
    void this.#watchPostgres(host)
    demandConnections(host, processes)
    for (const one of await finishInterrupted(host, finishers)) if (one.result !== 'interrupted') say(`  ${tellFinished(one)}`)
    for (const name of await sweepInstances(host)) say(`  Removed what an interrupted command had left of ${name}.`)
    this.#supervisor = new Supervisor(home)

    const services = this.#startServices(host, this.#supervisor, port, processes)
    services.catch(() => {}) // looked at below, when the instances are there
    const first = !home.facts().seeded
    if (first) await this.#makeFirstInstances(host)
    this.#steps.begin('Starting the server, the worker, the sealer and the agent')
    await services
    this.#steps.end()
    this.#isReady = true
    this.#ready.resolve()
    this.#unwatch = watchAgent(home)
    const instances = (await listInstances(host)).filter(({ state }) => state === 'ready')
    if (json) print(JSON.stringify({ ready: true, instances: instances.map((instance) => readyInstance(host, instance, port)) }))
    else tellPeople(host, instances, port, this.#steps.total)
    tellOutdated(instances)
    for (const instance of instances) forgetFirstPassword(host, instance)
  }

  /** Once, whatever else goes wrong while everything is being ended. */
  tellMachines(error: unknown): void {
    if (!this.#isTold) tellMachines(error)
    this.#isTold = true
  }

  /** Ends every process that was started, PostgreSQL last; can be called at any time, and twice. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    this.#steps.end()
    this.#unwatch()
    await this.#supervisor?.stop()
    await this.#host?.close()
    if (this.#home) await this.#stopCluster(this.#home)
    this.#release()
  }

  async #stopCluster(home: Home): Promise<void> {
    await (this.#host?.cluster ?? new Cluster(home)).stop()
  }

  async #endBySignal(name: 'SIGINT' | 'SIGTERM' | 'SIGHUP'): Promise<void> {
    if (this.isInterrupted) return
    this.isInterrupted = true
    say(`\n${name}: ERP4 is stopping.`)
    await this.stop().catch((error: Error) => say(error.message))
    this.#stopped.resolve()
    if (this.#isReady) process.exit(0)
    if (this.#order.json) this.tellMachines(new CommandError('refused', `${name} ended ERP4 while it was starting.`))
    process.exit(exitCodes.refused)
  }

  /** Puts the code that is in the checkout now, and the keys, behind the addresses; asked for by commands that changed them. */
  async #renewServices(): Promise<void> {
    // Services that are being started may have been given what is no longer good.
    await this.#ready.promise
    if (this.#stopping) return
    const home = this.#home!
    const found = fingerprintNow()
    const { begun, over } = supervisorOf(home)?.renewals ?? { begun: 0, over: 0 }
    noteSupervisor(home, { renewals: { begun: begun + 1, over } })
    say('  The code or the keys have changed: starting the server, the worker, the sealer and the agent again.')
    try {
      await this.#supervisor!.renew()
      noteSupervisor(home, { release: found, renewals: { begun: begun + 1, over: begun + 1 } })
    } catch (error) {
      say(`  ${failureOf(error).message}`)
    }
  }

  async #startServices(host: Host, supervisor: Supervisor, port: number, processes: number): Promise<void> {
    const { home, keys } = host
    const { listen, metricsPort } = this.#order
    const serving = (index = 0): HostAccess => ({
      home: home.dir,
      port,
      password: keys.login('erp4_server')!,
      key: keys.serving.toString('base64'),
      listen,
      metricsPort: metricsPort === undefined ? undefined : metricsPort + index,
    })
    const sealing = (): HostAccess => ({ home: home.dir, port, password: keys.login('erp4_sealer')!, key: keys.sealer.toString('base64') })
    const shared = processes > 1 ? ['--shared'] : []
    const servers = Array.from({ length: processes }, (_none, index) =>
      supervisor.start({
        name: processes > 1 ? `serve-${index + 1}` : 'serve',
        command: ['serve', ...shared],
        user: 'erp4',
        access: () => serving(index),
      }),
    )
    await Promise.all([
      ...servers,
      supervisor.start({ name: 'work', command: ['work'], user: 'erp4', access: () => serving() }),
      supervisor.start({ name: 'seal', command: ['seal'], user: 'erp4seal', access: sealing }),
      // It runs ops, and needs every key of this host: as the supervisor's own user.
      supervisor.start({ name: 'agent', command: ['agent'], access: () => ({ home: home.dir }) }),
    ])
  }

  async #makeFirstInstances(host: Host): Promise<void> {
    const known = new Set((await listInstances(host)).map(({ name }) => name))
    const orders = [
      { name: 'demo', demo: true, hosts: ['demo.localhost', 'localhost', '127.0.0.1'] },
      { name: 'main', demo: false, hosts: ['main.localhost', '127.0.0.2'] },
    ].filter(({ name }) => !known.has(name))
    if (orders.length) this.#steps.begin(`Making the instances ${orders.map(({ name }) => name).join(' and ')}`)
    await Promise.all(orders.map((order) => makeInstance(host, { ...order, apps: standardApps }, this.#erp)))
    host.home.note({ seeded: true })
  }

  /** A postmaster that was killed is started again; its clients come back by themselves. */
  async #watchPostgres(host: Host): Promise<void> {
    while (!this.#stopping) {
      await pause(1_000, undefined, { ref: false })
      if (this.#stopping || host.cluster.status().running) continue
      say('  PostgreSQL has ended; starting it again.')
      await host.cluster.start().catch((error: Error) => say(`  ${error.message}`))
    }
  }
}

function readyInstance(host: Host, instance: Instance, port: number): ReadyInstance {
  const url = originOf(numericHost(instance.hosts) ?? instance.hosts[0]!, port)
  return { name: instance.name, url, db: instance.name, ...peekFirstPassword(host, instance) }
}

function tellPeople(host: Host, instances: readonly Instance[], port: number, took: string): void {
  say(`\nERP4 is ready after ${took}.${isRoot() ? '' : ' (Its processes all run as this user: erp4 doctor tells what that means.)'}\n`)
  for (const instance of instances) {
    const numeric = numericHost(instance.hosts)
    say(`  ${instance.name.padEnd(12)} ${originOf(instance.hosts[0]!, port)}${numeric ? `   or   ${originOf(numeric, port)}` : ''}`)
    const first = peekFirstPassword(host, instance)
    if (first) say(`  ${''.padEnd(12)} sign in as ${first.login} with ${first.password}   (shown this once)`)
  }
  say('\nCtrl-C ends it.')
}

/** An instance goes on as it is until somebody decides; what an upgrade would do can be asked before. */
function tellOutdated(instances: readonly Instance[]): void {
  const now = release()
  for (const { name, release: made } of instances.filter((instance) => instance.release !== now)) {
    say(`\n${name} was made or upgraded by another release (${made}; this is ${now}).`)
    say(`  erp4 migrate --plan ${name}       tells what an upgrade would change`)
    say(`  erp4 instance upgrade ${name}     does it`)
  }
}

/** The port, or a free one for 0. Throws the system's error when nobody can listen there: better now than when everything else was done. */
async function demandPort(port: number, address = '127.0.0.1'): Promise<number> {
  const server = createServer()
  try {
    return await new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, address, () => resolve((server.address() as { port: number }).port))
    })
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
}

function numberOf(text: string, what: string, least: number, most: number): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && number >= least && number <= most) return number
  throw new CommandError('usage', `--${what} takes a number from ${least} to ${most}, not ${JSON.stringify(text)}.`)
}
