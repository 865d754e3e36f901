import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import {
  previewRestore,
  proveSet,
  rehearse,
  restoreAside,
  restoreOverLive,
  restoreUpload,
  undoRestore,
  type Host,
  type Instance,
  type Proof,
  type RestoreReport,
} from '@erp4/ops'
import { erpTasks, rehearsalTasks } from '../erp-tasks.ts'
import { CommandError, Verdict } from '../exit-codes.ts'
import { renewServices, supervisorOf, withHost } from '../home.ts'
import { numericHost, originOf } from '../hosting.ts'
import { freeAddress, standardApps } from '../new-instance.ts'
import { print, say, Steps, watched } from '../terminal.ts'

const common = { home: { type: 'string' }, json: { type: 'boolean', default: false } } as const
const options = {
  ...common,
  'to-side': { type: 'string' },
  'over-live': { type: 'string' },
  confirm: { type: 'string' },
  preview: { type: 'boolean', default: false },
  from: { type: 'string' },
  days: { type: 'string', default: '14' },
  host: { type: 'string', multiple: true },
  upload: { type: 'string' },
  apps: { type: 'string' },
} as const

/** `erp4 restore SET --to-side NAME`, `erp4 restore --upload FILE --to-side NAME`, `erp4 restore SET --over-live NAME --confirm NAME`, `erp4 restore undo NAME --confirm NAME`. */
export async function restore(args: readonly string[]): Promise<void> {
  if (args[0] === 'undo') return undo(args.slice(1))
  if (args[0] === 'rehearse') return rehearsal(args.slice(1))
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
  const [set] = positionals
  const { 'to-side': side, 'over-live': live } = values
  if (values.upload !== undefined) {
    if (set || live !== undefined || side === undefined)
      throw new CommandError('usage', 'An uploaded file goes to the side: --to-side NAME.')
    return upload(values.upload, side, values)
  }
  if (!set || positionals.length > 1) throw new CommandError('usage', 'Give the id of one set: "erp4 backup list" shows them.')
  if ((side === undefined) === (live === undefined))
    throw new CommandError('usage', 'Say where to: --to-side NAME for a new copy, or --over-live NAME --confirm NAME.')
  if (side !== undefined) return aside(set, side, values)
  return values.preview ? preview(set, live!, values) : over(set, live!, values)
}

interface Values {
  home?: string | undefined
  json: boolean
  confirm?: string | undefined
  from?: string | undefined
  days: string
  host?: string[] | undefined
  apps?: string | undefined
}

const wholeDays = (text: string): number => {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text)
  throw new CommandError('usage', `--days takes a whole number of days, not ${JSON.stringify(text)}.`)
}

/** A dump that anybody may have made: only its rows are taken. */
async function upload(file: string, name: string, { home, json, days, host: hosts, apps }: Values): Promise<void> {
  await withErp(home, async (host, erp, steps) => {
    await renewServices(host.home)
    const at = hosts?.length ? hosts : [`${name}.localhost`, await freeAddress(host)]
    const own = { file: resolve(file), name, hosts: at, apps: apps?.split(',') ?? standardApps, days: wholeDays(days), erp }
    const { instance, rows, tables, fileReferences } = await restoreUpload(host, { ...own, tell: (step) => steps.begin(step) })
    steps.end()
    const url = urlOf(host, instance)
    if (json) return print(JSON.stringify({ name, url, db: name, rows, tables, fileReferences, expires: instance.expires }))
    print(`${name}   ${url}   (${rows} rows of ${tables} tables; a copy, which goes on ${instance.expires!.toISOString().slice(0, 10)})`)
    if (fileReferences) print(`Files are no part of a dump: ${fileReferences} references to them are empty.`)
  })
}

const urlOf = (host: Host, { hosts }: Instance): string => originOf(numericHost(hosts) ?? hosts[0]!, supervisorOf(host.home)?.port ?? 8069)

async function aside(set: string, name: string, { home, json, from, days, host: hosts }: Values): Promise<void> {
  await withErp(home, async (host, erp, steps) => {
    await renewServices(host.home)
    const at = hosts?.length ? hosts : [`${name}.localhost`, await freeAddress(host)]
    const order = { set, name, hosts: at, days: wholeDays(days), erp, from, ...watched(steps) }
    const { instance, taken, location, seconds } = await restoreAside(host, order)
    steps.end()
    const url = urlOf(host, instance)
    if (json) return print(JSON.stringify({ name, url, db: name, set, taken, location, seconds, expires: instance.expires }))
    print(`${name}   ${url}   (as of ${minute(taken)} UTC, read from ${location} in ${seconds.toFixed(1)} s)`)
    print(`A copy: it sends no mail, runs no jobs, and goes on ${instance.expires!.toISOString().slice(0, 10)}.`)
  })
}

async function preview(set: string, name: string, { home, json, from }: Values): Promise<void> {
  await withHost(home, async (host) => {
    const { taken, ageSeconds, changes, bytes, seconds } = await previewRestore(host, name, set, { from })
    if (json) return print(JSON.stringify({ set, instance: name, taken, ageSeconds, changes, bytes, seconds }))
    print(`${name} would be as of ${minute(taken)} UTC, ${age(ageSeconds)} ago. Gone would be, and kept in two safety sets:`)
    if (changes.length === 0) print('  nothing: no row was written since')
    for (const { table, newer, rowsNow, rowsThen } of changes)
      print(`  ${table.padEnd(36)} ${String(newer).padStart(8)} written since, ${rowsNow} rows now, ${rowsThen} then`)
    print(`It takes about ${seconds} s and ${Math.ceil(bytes / 1e6)} MB of disk, and nobody can write for less than a second of it.`)
  })
}

async function over(set: string, name: string, { home, json, confirm, from }: Values): Promise<void> {
  await withErp(home, async (host, erp, steps) => {
    await renewServices(host.home)
    const report = await restoreOverLive(host, name, { set, confirm, erp, from, ...watched(steps) })
    steps.end()
    if (json) return print(JSON.stringify(report))
    print(
      `${name} is as of ${minute(report.taken)} UTC now. Nobody could write for ${report.writeGapMs} ms, and everybody has to sign in again.`,
    )
    tellReport(report)
    print(`Until ${minute(report.undoUntil.toISOString())} UTC: erp4 restore undo ${name} --confirm ${name}`)
  })
}

async function undo(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { ...common, confirm: { type: 'string' } },
    allowPositionals: true,
  })
  const [name] = positionals
  if (!name || positionals.length > 1) throw new CommandError('usage', 'Give the name of one instance.')
  await withErp(values.home, async (host, erp, steps) => {
    const report = await undoRestore(host, name, { confirm: values.confirm, erp, tell: (step) => steps.begin(step) })
    steps.end()
    if (values.json) return print(JSON.stringify(report))
    print(`${name} is as it was before the restore. What was written since is in the set ${report.safety.before}.`)
    tellReport(report)
  })
}

/** `erp4 restore rehearse [SET]`: does with a set, where it disturbs nobody, what is promised of restores and downloads. */
async function rehearsal(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args: [...args], options: { ...common, from: { type: 'string' } }, allowPositionals: true })
  if (positionals.length > 1) throw new CommandError('usage', 'Give the id of one set, or none for the smallest that has proven itself.')
  const steps = new Steps()
  const found = await withHost(values.home, (host) =>
    rehearse(host, { set: positionals[0], from: values.from, ...rehearsalTasks(host), ...watched(steps) }),
  ).finally(() => steps.end())
  if (values.json) print(JSON.stringify(found))
  else
    for (const { check, result, reason, measures } of found.rehearsed)
      print(
        `${check.padEnd(20)} ${result.padEnd(6)} ${reason || measures.map(({ name, value, unit }) => `${name} ${value} ${unit}`).join(', ')}`,
      )
  const failed = found.rehearsed.find(({ result }) => result !== 'pass')
  if (failed) throw new Verdict(failed.result === 'fail' ? 'set_damaged' : 'refused', failed.reason)
}

/** `erp4 backup verify SET`: restores it into the scratch cluster and compares everything. */
export async function verify(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args: [...args], options: { ...common, from: { type: 'string' } }, allowPositionals: true })
  const [set] = positionals
  if (!set || positionals.length > 1) throw new CommandError('usage', 'Give the id of one set.')
  const steps = new Steps()
  const proof = await withHost(values.home, (host) => proveSet(host, set, { from: values.from, ...watched(steps) })).finally(() =>
    steps.end(),
  )
  if (values.json) print(JSON.stringify(proof))
  else tellProof(proof)
  if (proof.result !== 'pass') throw new Verdict(proof.result === 'fail' ? 'set_damaged' : 'refused', proof.reason)
}

function tellProof({ set, location, result, comparisons, files, seconds }: Proof): void {
  if (result !== 'pass') return
  print(`${set} was read from ${location}, restored and found whole in ${seconds.toFixed(1)} s:`)
  for (const { says } of comparisons) print(`  ${says}`)
  print(`  ${files.present} files are there, ${files.opened} of them were opened`)
}

function tellReport({ safety, present, reconciled }: RestoreReport): void {
  print(`What was there before is in the set${safety.last ? 's' : ''} ${[safety.before, safety.last].filter(Boolean).join(' and ')}.`)
  if (!safety.last) say('  Its last moment could not be backed up yet: the old database is kept until it is.')
  const last = (reconciled['last'] ?? {}) as Record<string, unknown>
  if (!present) say('  What lives now could not be backed up yet: see erp4 backup run.')
  for (const [what, how] of Object.entries(sentences)) {
    const found = [reconciled[what], last[what]].flatMap((one) =>
      Array.isArray(one) ? one : typeof one === 'number' && one > 0 ? [one] : [],
    )
    if (found.length) print(`  ${how(found)}`)
  }
}

const names = (found: readonly unknown[]): string => found.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join(', ')
const total = (found: readonly unknown[]): number => found.reduce<number>((sum, one) => sum + Number(one), 0)

/** What the ERP did to the restored database, for somebody to look at. */
const sentences: Record<string, (found: readonly unknown[]) => string> = {
  archived: (found) => `Stay archived, as since then: ${names(found)}.`,
  passwords: (found) => `Keep the password that they have since then: ${names(found)}.`,
  groups: (found) => `Groups that were taken away since then stay so: ${names(found)}.`,
  companies: (found) => `Companies that were taken away since then stay so: ${names(found)}.`,
  revokedKeys: (found) => `API keys that were revoked since then stay so: ${names(found)}.`,
  shortenedKeys: (found) => `API keys end as early as was decided since then: ${names(found)}.`,
  heldMails: (found) => `${total(found)} mails are held: they may have been sent. Release them when you have looked.`,
  heldJobs: (found) => `${total(found)} jobs are held: they may have run.`,
  numbers: (found) => `Numbers of documents that were given since then are skipped: ${names(found)}.`,
}

/** The host, its ERP, and steps to tell; all of it ended in any case. */
async function withErp(
  home: string | undefined,
  work: (host: Host, erp: ReturnType<typeof erpTasks>, steps: Steps) => Promise<void>,
): Promise<void> {
  const steps = new Steps()
  await withHost(home, async (host) => {
    const erp = erpTasks(host)
    try {
      await work(host, erp, steps)
    } finally {
      steps.end()
      await erp.close?.()
    }
  })
}

const minute = (iso: string): string => iso.slice(0, 16).replace('T', ' ')

function age(seconds: number): string {
  if (seconds < 120) return `${seconds} seconds`
  if (seconds < 7200) return `${Math.round(seconds / 60)} minutes`
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} hours` : `${Math.round(seconds / 86_400)} days`
}
