import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import {
  findInstance,
  fullness,
  noteRemovals,
  planRetention,
  pruneAway,
  pruneLocation,
  retentionSets,
  type RetentionPlan,
  type StoreCredentials,
} from '@erp4/ops'
import { parseCredentials } from '../credentials.ts'
import { CommandError, Verdict } from '../exit-codes.ts'
import { withHost } from '../home.ts'
import { print } from '../terminal.ts'

const options = { home: { type: 'string' }, json: { type: 'boolean', default: false } } as const

/** Which sets of an instance stay, as what, and which are to go. */
export async function plan(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
  const [name] = positionals
  if (!name || positionals.length > 1) throw new CommandError('usage', 'Give the name of one instance.')
  await withHost(values.home, async (host) => {
    const { uuid, zone } = await findInstance(host, name)
    const now = new Date()
    const sets = await retentionSets(host, uuid)
    const full = fullness(sets, { now, zone })
    const planned = planRetention({ sets, now })
    if (values.json) return print(JSON.stringify({ ...full, ...planned }))
    print(`${full.kept} of ${full.of}${full.fullOn ? `, full on ${full.fullOn}` : ''}`)
    tell(planned)
  })
}

function tell({ keep, drop, quarantined, refusals }: RetentionPlan): void {
  const line = (id: string, taken: Date, what: string) => print(`  ${id}  ${taken.toISOString().slice(0, 16).replace('T', ' ')}  ${what}`)
  for (const { set, slot } of keep) {
    const until = 'until' in slot ? ` ${slot.until.toISOString().slice(0, 10)}` : ''
    line(set.set, set.taken, 'label' in slot ? `${slot.kind} ${slot.label}` : `${set.class}, ${slot.kind}${until}`)
  }
  for (const set of drop) line(set.set, set.taken, `${set.class}, may go`)
  for (const { set, why } of quarantined) line(set.set, set.taken, `SET ASIDE: ${why}`)
  for (const { says } of refusals) print(`  Nothing goes: ${says}`)
}

/** Prunes a location now, within the limits of every pruning; `--dry-run` only says what would go. */
export async function prune(args: readonly string[]): Promise<void> {
  const own = { ...options, 'dry-run': { type: 'boolean', default: false }, folder: { type: 'string' } } as const
  const { values, positionals } = parseArgs({ args: [...args], options: own, allowPositionals: true })
  const [location] = positionals
  const { 'dry-run': dryRun, folder } = values
  if ((location === undefined) === (folder === undefined) || positionals.length > 1)
    throw new CommandError('usage', 'Give the name of one location, or away from its host --folder DIR.')
  const report =
    folder === undefined
      ? await withHost(values.home, (host) => pruneLocation(host, location!, { dryRun }))
      : await pruneAway(folder, () => credentialsIn(folder), { dryRun })
  if (values.json) return print(JSON.stringify(report))
  if ('fingerprint' in report) print(`pruner ${String(report.fingerprint)}`)
  for (const { instance, keep, dropped, refused, quarantined, unreadable, swept } of report.instances) {
    print(`${instance}  ${keep.length} stay, ${dropped.length} ${dryRun ? 'would go' : 'went'}`)
    for (const prefix of swept) print(`  ${prefix}: left by a writer that was killed`)
    for (const { set, says } of refused) print(`  ${set ?? 'all'}: ${says}`)
    for (const { set, why } of quarantined) print(`  ${set.set}: SET ASIDE: ${why}`)
    for (const { prefix, why } of unreadable) print(`  ${prefix}: ${why}`)
  }
}

/** `credentials` in the pruner's folder, as `erp4 stores credentials` takes them. */
function credentialsIn(folder: string): StoreCredentials {
  const path = join(folder, 'credentials')
  try {
    return parseCredentials(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new CommandError('key_missing', `The credentials of the pruner cannot be read from ${path}: ${(error as Error).message}`)
  }
}

/** `erp4 retention note LOCATION FILE`: what a pruner away from this host has removed; the register comes from its folder. */
export async function note(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args: [...args], options: { ...options, trust: { type: 'string' } }, allowPositionals: true })
  const [location, file] = positionals
  if (!location || !file || positionals.length > 2)
    throw new CommandError('usage', 'Give the location, and the removals.jsonl of its pruner; - is standard input.')
  const register = readRegister(file)
  const { noted, problems } = await withHost(values.home, (host) => noteRemovals(host, location, register, values.trust))
  if (values.json) print(JSON.stringify({ noted, problems }))
  else {
    for (const problem of problems) print(problem)
    print(`${noted.length} removals from ${location} are known now.`)
  }
  if (problems.length) throw new Verdict('refused', `${problems.length} removals are not as they should be.`)
}

function readRegister(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw new CommandError('not_found', `${file} cannot be read: ${(error as Error).message}`, { cause: error })
  }
}
