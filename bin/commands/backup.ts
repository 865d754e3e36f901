import { parseArgs } from 'node:util'
import { finishBackups, listBackups, rebuildCatalogue, runBackup, showBackup, type BackupSet, type SetClass } from '@erp4/ops'
import { CommandError } from '../exit-codes.ts'
import { withHost } from '../home.ts'
import { print, say, Steps, watched } from '../terminal.ts'

const options = { home: { type: 'string' }, json: { type: 'boolean', default: false } } as const
const classes: readonly SetClass[] = ['scheduled', 'intraday', 'manual', 'safety', 'final']

/** Makes one backup set of an instance and brings it to the stores. */
export async function run(args: readonly string[]): Promise<void> {
  const own = { ...options, class: { type: 'string', default: 'manual' } } as const
  const { values, positionals } = parseArgs({ args: [...args], options: own, allowPositionals: true })
  const kind = classes.find((one) => one === values.class)
  if (!kind) throw new CommandError('usage', `--class is one of ${classes.join(', ')}.`)
  const steps = new Steps()
  const set = await withHost(values.home, async (host) => {
    // What a killed backup left is finished first: it holds room in the spool.
    for (const { set: id, result } of await finishBackups(host)) say(`  ${id}, interrupted before, is ${result}.`)
    return runBackup(host, one(positionals, 'the name of the instance'), { class: kind, ...watched(steps) })
  }).finally(() => steps.end())
  if (values.json) print(JSON.stringify(set))
  else print(`${set.id}   ${tell(set)}`)
}

/** The sets of an instance, or of all; `--rebuild` asks the stores what they hold before. */
export async function list(args: readonly string[]): Promise<void> {
  const own = { ...options, rebuild: { type: 'boolean', default: false } } as const
  const { values, positionals } = parseArgs({ args: [...args], options: own, allowPositionals: true })
  if (positionals.length > 1) throw new CommandError('usage', 'Give one instance, or none for all.')
  const sets = await withHost(values.home, async (host) => {
    if (values.rebuild) {
      const { found, added, problems } = await rebuildCatalogue(host)
      for (const problem of problems) say(`  ${problem}`)
      say(`  The stores hold ${found} sets that can be believed; ${added} of them were not known here.`)
    }
    return listBackups(host, positionals[0])
  })
  if (values.json) return print(JSON.stringify(sets))
  for (const set of sets) print([set.id, (set.name ?? set.instance).padEnd(16), set.class.padEnd(9), tell(set)].join('  '))
}

/** Everything that is known of one set. */
export async function show(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
  const set = await withHost(values.home, (host) => showBackup(host, one(positionals, 'the id of the set')))
  if (values.json) return print(JSON.stringify(set))
  print(`${set.id}   ${set.name ?? set.instance}, ${set.class}, number ${set.seq}`)
  print(`  ${tell(set)}`)
  if (set.labels) print(`  of ${set.labels.day} (${set.labels.iso_week}) in ${set.labels.zone}`)
  if (set.error) print(`  ${set.error}`)
  print(set.proven ? `  restored and found whole on ${set.proven.toISOString()}` : '  no restore test of it has passed yet')
  if (set.hold) print('  on legal hold')
  for (const { location, state, checked, error } of set.copies)
    print(`  ${location.padEnd(8)} ${state}${checked ? `, read back whole on ${checked.toISOString()}` : ''}${error ? `: ${error}` : ''}`)
}

function tell({ state, taken, bytes, counts, reasons, copies }: BackupSet): string {
  const when = taken ? taken.toISOString().slice(0, 16).replace('T', ' ') : 'no snapshot yet'.padEnd(16)
  const size = bytes === null ? '' : `  ${(bytes / 1e6).toFixed(1)} MB`
  const whole = copies.filter((copy) => copy.state === 'verified').map(({ location }) => location)
  if (state !== 'published') return `${when}${size}  ${state}`
  return `${when}${size}  ${counts ? `whole in ${whole.join(', ')}` : `DEGRADED: ${reasons.join('; ')}`}`
}

function one(positionals: readonly string[], what: string): string {
  if (positionals.length === 1) return positionals[0]!
  throw new CommandError('usage', `Give ${what}, and only one.`)
}
