import { userInfo } from 'node:os'
import { parseArgs } from 'node:util'
import { deleteInstance, dropCopy, findInstance, listInstances, operation, renameInstance, setApps, setHostNames } from '@erp4/ops'
import type { MigrationPlan } from '../erp.ts'
import { CommandError } from '../exit-codes.ts'
import { renewServices, supervisorOf, withHost } from '../home.ts'
import { numericHost, originOf } from '../hosting.ts'
import { forgetFirstPassword, makeInstance, peekFirstPassword, standardApps } from '../new-instance.ts'
import { release } from '../release.ts'
import { migrate, planMigration } from '../tasks.ts'
import { print, say } from '../terminal.ts'

const home = { type: 'string' } as const
const json = { type: 'boolean', default: false } as const

export async function create(args: readonly string[]): Promise<void> {
  const own = {
    home,
    json,
    demo: { type: 'boolean', default: false },
    apps: { type: 'string' },
    host: { type: 'string', multiple: true },
    port: { type: 'string' },
  } as const
  const { values, positionals } = parseArgs({ args: [...args], options: own, allowPositionals: true })
  const name = one(positionals, 'a name')
  await withHost(values.home, async (host) => {
    const port = Number(values.port ?? supervisorOf(host.home)?.port ?? 8069)
    const apps = values.apps?.split(',') ?? standardApps
    await renewServices(host.home)
    const instance = await makeInstance(host, { name, apps, demo: values.demo, port, ...(values.host ? { hosts: values.host } : {}) })
    const first = peekFirstPassword(host, instance)!
    const url = originOf(numericHost(instance.hosts) ?? instance.hosts[0]!, port)
    if (values.json) print(JSON.stringify({ name, url, db: name, ...first }))
    else print(`${name}   ${url}\nsign in as ${first.login} with ${first.password}   (shown this once)`)
    forgetFirstPassword(host, instance)
  })
}

export async function list(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { home, json } })
  await withHost(values.home, async (host) => {
    const instances = await listInstances(host)
    if (values.json) return print(JSON.stringify(instances))
    for (const { name, kind, state, apps, release: made, hosts } of instances) {
      print([name.padEnd(16), `${kind}, ${state}`.padEnd(14), made.padEnd(24), apps.join(','), hosts.join(' ')].join('  '))
    }
  })
}

/** A copy goes at once; anything else after a final backup and 30 days. */
export async function remove(args: readonly string[]): Promise<void> {
  const own = {
    home,
    confirm: { type: 'string' },
    now: { type: 'boolean', default: false },
    'second-operator': { type: 'string' },
  } as const
  const { values, positionals } = parseArgs({ args: [...args], options: own, allowPositionals: true })
  const name = one(positionals, 'a name')
  await withHost(values.home, async (host) => {
    const { kind } = await findInstance(host, name)
    if (values.now || kind === 'copy') {
      await dropCopy(host, name, values.confirm)
      return say(`The copy ${name} is gone: database, roles, files and keys.`)
    }
    const { deleteAfter, set } = await deleteInstance(host, name, {
      confirm: values.confirm,
      by: operator(),
      secondOperator: values['second-operator'],
      finalBackup: () => Promise.reject(new CommandError('not_built', 'The final backup cannot be made yet.')),
    })
    say(`${name} is deleted and served no more. Its final backup is ${set}.`)
    say(`Until ${day(deleteAfter)} "erp4 instance undelete ${name}" brings it back; then database, roles, files and keys go.`)
  })
}

export async function rename(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args: [...args], options: { home }, allowPositionals: true })
  const [from, to] = positionals
  if (!from || !to || positionals.length > 2) throw new CommandError('usage', 'Give the old name and the new one.')
  await withHost(values.home, async (host) => {
    const { hosts } = await findInstance(host, from)
    await renameInstance(host, from, to)
    await setHostNames(
      host,
      to,
      hosts.map((one) => (one === `${from}.localhost` ? `${to}.localhost` : one)),
    )
  })
}

/** Host names, all of them anew: the first is the main address. */
export async function hosts(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args: [...args], options: { home }, allowPositionals: true })
  const [name, ...names] = positionals
  if (!name || names.length === 0) throw new CommandError('usage', 'Give the name of the instance and its host names.')
  await withHost(values.home, (host) => setHostNames(host, name, names))
}

/** Adds apps to an instance, by the migration plan. */
export const install = (args: readonly string[]): Promise<void> => change(args, (now, named) => [...new Set([...now, ...named])])

/** Brings an instance to this release, by the migration plan. */
export const upgrade = (args: readonly string[]): Promise<void> => change(args, (now) => now)

/** `erp4 migrate --plan`: what an upgrade of each instance would do. */
export async function plan(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { home, plan: { type: 'boolean', default: false } },
    allowPositionals: true,
  })
  if (!values.plan) throw new CommandError('usage', 'erp4 migrate only plans, with --plan; "erp4 instance upgrade NAME" does it.')
  await withHost(values.home, async (host) => {
    const instances = (await listInstances(host)).filter(({ name }) => positionals.length === 0 || positionals.includes(name))
    for (const instance of instances) {
      print(`${instance.name}:`)
      tell(await planMigration(host, instance, instance.apps))
    }
  })
}

async function change(
  args: readonly string[],
  appsOf: (now: readonly string[], named: readonly string[]) => string[] | readonly string[],
): Promise<void> {
  const own = { home, allow: { type: 'string', multiple: true, default: [] as string[] } } as const
  const { values, positionals } = parseArgs({ args: [...args], options: own, allowPositionals: true })
  const [name, ...named] = positionals
  if (!name) throw new CommandError('usage', 'Give the name of the instance.')
  await withHost(values.home, async (host) => {
    const { uuid } = await findInstance(host, name)
    await operation(
      host.db,
      uuid,
      'migrate',
      async () => {
        const instance = await findInstance(host, name)
        const apps = appsOf(instance.apps, named)
        const planned = await planMigration(host, instance, apps)
        tell(planned)
        const lost = planned.losses.filter((loss) => !values.allow.includes(loss.name))
        if (lost.length) {
          const how = lost.map((loss) => `--allow '${loss.name}'`).join(' ')
          throw new CommandError('refused', `Nothing was changed: this would lose data. If that is meant, add ${how}.`)
        }
        await migrate(host, instance, apps, values.allow)
        // Before the instance is said to have the apps: a server that does not know one of them could answer nobody.
        await renewServices(host.home)
        await setApps(host, uuid, apps, release())
      },
      { leaseMs: 120_000 },
    )
    say(`${name} is now at ${release()}.`)
  })
}

function tell({ steps, losses }: MigrationPlan): void {
  for (const step of steps) print(`  ${step}`)
  for (const { name, says } of losses) print(`  LOSES DATA (${name}): ${says}`)
  if (steps.length + losses.length === 0) print('  nothing to do')
}

/** Who is at the keyboard, also behind sudo. */
const operator = (): string => process.env.SUDO_USER ?? userInfo().username

const day = (at: Date): string => at.toISOString().slice(0, 10)

function one(positionals: readonly string[], what: string): string {
  if (positionals.length === 1) return positionals[0]!
  throw new CommandError('usage', `Give ${what}, and only one.`)
}
