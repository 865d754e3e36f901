import { userInfo } from 'node:os'
import { parseArgs, type ParseArgsConfig } from 'node:util'
import {
  connectAs,
  deleteInstance,
  dropCopy,
  duplicateInstance,
  findInstance,
  finishInterrupted,
  holdInstance,
  listInstances,
  listOperations,
  operation,
  releaseInstance,
  renameInstance,
  resumeInstance,
  runBackup,
  setApps,
  setHostNames,
  setInstance,
  suspendInstance,
  undeleteInstance,
  type Host,
  type Instance,
} from '@erp4/ops'
import type { Erp, MigrationPlan } from '../erp.ts'
import { erpTasks } from '../erp-tasks.ts'
import { CommandError } from '../exit-codes.ts'
import { finishers, tellFinished } from '../finishers.ts'
import { renewServices, supervisorOf, withHost } from '../home.ts'
import { numericHost, originOf, publicOrigin } from '../hosting.ts'
import { forgetFirstPassword, freeAddress, makeInstance, peekFirstPassword, standardApps } from '../new-instance.ts'
import { release } from '../release.ts'
import { migrate, planMigration } from '../tasks.ts'
import { answer, print, say, Steps, watched } from '../terminal.ts'

const home = { type: 'string' } as const
const json = { type: 'boolean', default: false } as const

export async function create(args: readonly string[], erp: Erp): Promise<void> {
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
    const instance = await makeInstance(host, { name, apps, demo: values.demo, ...(values.host ? { hosts: values.host } : {}) }, erp)
    const first = peekFirstPassword(host, instance)!
    const url = originOf(numericHost(instance.hosts) ?? instance.hosts[0]!, port)
    if (values.json) print(JSON.stringify({ name, url, db: name, ...first }))
    else print(`${name}   ${url}\nsign in as ${first.login} with ${first.password}   (shown this once)`)
    forgetFirstPassword(host, instance)
  })
}

/** Where mails do not come, the operator hands over what a mail would have brought. */
export async function link(args: readonly string[], erp: Erp): Promise<void> {
  const { values, positionals } = parseArgs({ args: [...args], options: { home, json }, allowPositionals: true })
  const [name, login] = positionals
  if (!name || !login || positionals.length > 2) throw new CommandError('usage', 'Give the name of the instance and the login of the user.')
  await withHost(values.home, async (host) => {
    const instance = await findInstance(host, name)
    const made = await erp.linkByHand(login, await connectAs(host, instance, 'runtime'))
    if (!made) throw new CommandError('not_found', `${name} has no active user with the login ${login}.`)
    const url = publicOrigin(instance.hosts[0]!, supervisorOf(host.home)?.port ?? 8069) + made.path
    if (values.json) return print(JSON.stringify({ url, minutes: made.minutes }))
    print(url)
    say(
      `It lets ${login} choose a password, once, within ${made.minutes < 60 ? `${made.minutes} minutes` : `${made.minutes / 1440} days`}.`,
    )
  })
}

export async function list(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { home, json } })
  await withHost(values.home, async (host) => {
    const instances = await listInstances(host)
    if (values.json) return print(JSON.stringify(instances))
    for (const instance of instances) {
      const { name, plan, apps, release: made, hosts } = instance
      print([name.padEnd(16), tellState(instance).padEnd(28), plan, made.padEnd(24), apps.join(','), hosts.join(' ')].join('  '))
    }
  })
}

function tellState({ kind, state, suspended, expires, deleteAfter, legalHold }: Instance): string {
  const words = [kind, state === 'deleted' ? `deleted, gone on ${day(deleteAfter!)}` : state]
  if (suspended) words.push('suspended')
  if (expires) words.push(`until ${day(expires)}`)
  if (legalHold !== null) words.push('held')
  return words.join(', ')
}

/** A copy goes at once; anything else after a final backup and 30 days. */
export async function remove(args: readonly string[]): Promise<void> {
  const own = {
    home,
    json,
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
      return answer(values.json, { name, gone: true }, `The copy ${name} is gone: database, roles, files and keys.`)
    }
    const steps = new Steps()
    const { deleteAfter, set } = await deleteInstance(host, name, {
      confirm: values.confirm,
      by: operator(),
      secondOperator: values['second-operator'],
      finalBackup: async () => (await runBackup(host, name, { class: 'final', ...watched(steps) })).id,
    }).finally(() => steps.end())
    answer(
      values.json,
      { name, set, deleteAfter },
      `${name} is deleted and served no more. Its final backup is ${set}.`,
      `Until ${day(deleteAfter)} "erp4 instance undelete ${name}" brings it back; then database, roles, files and keys go.`,
    )
  })
}

/** Brings a deleted instance back. */
export async function undelete(args: readonly string[]): Promise<void> {
  const { values, name } = named(args, {})
  await change(values, name, (host) => undeleteInstance(host, name), `${name} is back.`)
}

/** From the answer on every process refuses it; those that were at it end within seconds. */
export async function suspend(args: readonly string[]): Promise<void> {
  const { values, name } = named(args, {})
  const says = `${name} is suspended. Its backups go on; "erp4 instance resume ${name}" brings it back.`
  await change(values, name, (host) => suspendInstance(host, name), says)
}

export async function resume(args: readonly string[]): Promise<void> {
  const { values, name } = named(args, {})
  await change(values, name, (host) => resumeInstance(host, name), `${name} is served again.`)
}

/** A neutralised copy, as the original is at this moment. */
export async function duplicate(args: readonly string[]): Promise<void> {
  const own = { home, json, days: { type: 'string', default: '14' }, host: { type: 'string', multiple: true } } as const
  const { values, positionals } = parseArgs({ args: [...args], options: own, allowPositionals: true })
  const [original, name] = positionals
  if (!original || !name || positionals.length > 2) throw new CommandError('usage', 'Give the name of the instance and that of the copy.')
  const days = wholeDays(values.days)
  await withHost(values.home, async (host) => {
    await renewServices(host.home)
    const steps = new Steps()
    const erp = erpTasks(host)
    try {
      const copy = await duplicateInstance(host, original, {
        name,
        hosts: values.host?.length ? values.host : [`${name}.localhost`, await freeAddress(host)],
        release: release(),
        days,
        tasks: erp,
        tell: (step) => steps.begin(step),
      })
      steps.end()
      const url = originOf(numericHost(copy.hosts) ?? copy.hosts[0]!, supervisorOf(host.home)?.port ?? 8069)
      if (values.json) print(JSON.stringify({ name, url, db: name, expires: copy.expires }))
      else print(`${name}   ${url}   (a copy of ${original}, with its sign-ins; it goes on ${day(copy.expires!)})`)
    } finally {
      steps.end()
      await erp.close?.()
    }
  })
}

export async function hold(args: readonly string[]): Promise<void> {
  const { values, name } = named(args, { reason: { type: 'string' }, release: { type: 'boolean', default: false } })
  const { reason, release: isReleased } = values
  if ((reason === undefined) === !isReleased) throw new CommandError('usage', 'Give either --reason TEXT or --release.')
  const says =
    reason === undefined ? `${name} is not held any more.` : `${name} is held: nothing of it is removed until the hold is released.`
  await change(values, name, (host) => (reason === undefined ? releaseInstance(host, name) : holdInstance(host, name, reason)), says)
}

/** Plan, zone, and how long a copy lives. */
export async function set(args: readonly string[]): Promise<void> {
  const { values, name } = named(args, { plan: { type: 'string' }, zone: { type: 'string' }, days: { type: 'string' } })
  const { plan, zone, days } = values
  if (plan !== undefined && plan !== 'paid' && plan !== 'free') throw new CommandError('usage', '--plan is paid or free.')
  if (plan === undefined && zone === undefined && days === undefined) throw new CommandError('usage', 'Give --plan, --zone or --days.')
  const wanted: Parameters<typeof setInstance>[2] = {
    ...(plan === undefined ? {} : { plan }),
    ...(zone === undefined ? {} : { zone }),
    ...(days === undefined ? {} : { days: wholeDays(days) }),
  }
  await change(values, name, (host) => setInstance(host, name, wanted), `${name} is as you said.`)
}

/** What was done to an instance, or to all; `--finish` brings to an end what was interrupted. */
export async function operations(args: readonly string[]): Promise<void> {
  const own = { home, json, finish: { type: 'boolean', default: false } } as const
  const { values, positionals } = parseArgs({ args: [...args], options: own, allowPositionals: true })
  if (positionals.length > 1) throw new CommandError('usage', 'Give one instance, or none for all.')
  await withHost(values.home, async (host) => {
    if (values.finish) for (const one of await finishInterrupted(host, finishers)) say(`  ${tellFinished(one)}`)
    const instances = new Map((await listInstances(host)).map(({ uuid, name }) => [uuid, name]))
    const records = await listOperations(host, positionals[0] && (await findInstance(host, positionals[0])).uuid)
    if (values.json) return print(JSON.stringify(records.map((record) => ({ ...record, instance: instances.get(record.subject) ?? null }))))
    for (const { subject, kind, state, started, ended, result, progress } of records) {
      const how = result ?? `${state}${progress ? ` ${Math.floor((100 * progress.done) / Math.max(1, progress.total))} %` : ''} …`
      const took = ended ? `${((ended.getTime() - started.getTime()) / 1000).toFixed(1)} s` : ''
      print([moment(started), (instances.get(subject) ?? subject).padEnd(16), kind.padEnd(16), how.padEnd(16), took].join('  '))
    }
  })
}

export async function rename(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args: [...args], options: { home, json }, allowPositionals: true })
  const [from, to] = positionals
  if (!from || !to || positionals.length > 2) throw new CommandError('usage', 'Give the old name and the new one.')
  const work = async (host: Host): Promise<void> => {
    const { hosts } = await findInstance(host, from)
    await renameInstance(host, from, to)
    await setHostNames(
      host,
      to,
      hosts.map((one) => (one === `${from}.localhost` ? `${to}.localhost` : one)),
    )
  }
  await change(values, to, work, `${from} is ${to} now.`)
}

/** Host names, all of them anew: the first is the main address. */
export async function hosts(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args: [...args], options: { home, json }, allowPositionals: true })
  const [name, ...names] = positionals
  if (!name || names.length === 0) throw new CommandError('usage', 'Give the name of the instance and its host names.')
  await change(values, name, (host) => setHostNames(host, name, names), `${name} is at ${names.join(', ')}.`)
}

/** Adds apps to an instance, by the migration plan. */
export const install = (args: readonly string[]): Promise<void> =>
  migrateTo(args, (named) => named.length > 0 || 'Give the name of the instance, and the apps to add.')

/** Brings an instance to this release, by the migration plan. */
export const upgrade = (args: readonly string[]): Promise<void> =>
  migrateTo(args, (named) => named.length === 0 || 'Give the name of the instance, and only one; "instance install" adds apps.')

/** `erp4 migrate --plan`: what an upgrade of each instance would do. */
export async function plan(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { home, json, plan: { type: 'boolean', default: false } },
    allowPositionals: true,
  })
  if (!values.plan) throw new CommandError('usage', 'erp4 migrate only plans, with --plan; "erp4 instance upgrade NAME" does it.')
  await withHost(values.home, async (host) => {
    const instances = positionals.length
      ? await Promise.all(positionals.map((name) => findInstance(host, name)))
      : (await listInstances(host)).filter(({ state }) => state === 'ready')
    const plans: (MigrationPlan & { name: string })[] = []
    for (const instance of instances) plans.push({ name: instance.name, ...(await planMigration(host, instance, instance.apps)) })
    if (values.json) return print(JSON.stringify(plans))
    for (const one of plans) {
      print(`${one.name}:`)
      tell(one)
    }
  })
}

/** Brings an instance to its apps and those named beside it, at this release; `mayName` says what is wrong with the apps named. */
async function migrateTo(args: readonly string[], mayName: (apps: readonly string[]) => true | string): Promise<void> {
  const own = { home, json, allow: { type: 'string', multiple: true, default: [] as string[] } } as const
  const { values, positionals } = parseArgs({ args: [...args], options: own, allowPositionals: true })
  const [name, ...named] = positionals
  if (!name) throw new CommandError('usage', 'Give the name of the instance.')
  const holds = mayName(named)
  if (holds !== true) throw new CommandError('usage', holds)
  await withHost(values.home, async (host) => {
    const { uuid } = await findInstance(host, name)
    await operation(
      host.db,
      uuid,
      'migrate',
      async () => {
        const instance = await findInstance(host, name)
        const apps = [...new Set([...instance.apps, ...named])]
        const planned = await planMigration(host, instance, apps)
        if (!values.json) tell(planned)
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
    answer(values.json, await findInstance(host, name), `${name} is now at ${release()}.`)
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

const moment = (at: Date): string => `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`

function wholeDays(text: string): number {
  if (/^\d{1,4}$/.test(text) && Number(text) > 0) return Number(text)
  throw new CommandError('usage', `--days takes a number of days, not ${JSON.stringify(text)}.`)
}

/** Does something to an instance, and says so: in a sentence, or to machines as `instance list` would show it then. */
async function change(
  values: { home?: string | undefined; json: boolean },
  name: string,
  work: (host: Host) => Promise<unknown>,
  says: string,
): Promise<void> {
  await withHost(values.home, async (host) => {
    await work(host)
    answer(values.json, await findInstance(host, name), says)
  })
}

/** The options of a command that is about one instance, and its name. */
function named<O extends NonNullable<ParseArgsConfig['options']>>(args: readonly string[], own: O) {
  const { values, positionals } = parseArgs({ args: [...args], options: { home, json, ...own }, allowPositionals: true })
  return { values, name: one(positionals, 'the name of the instance') }
}

function one(positionals: readonly string[], what: string): string {
  if (positionals.length === 1) return positionals[0]!
  throw new CommandError('usage', `Give ${what}, and only one.`)
}
