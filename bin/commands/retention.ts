import { parseArgs } from 'node:util'
import { findInstance, fullness, planRetention, pruneLocation, retentionSets, type RetentionPlan } from '@erp4/ops'
import { CommandError } from '../exit-codes.ts'
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
  const own = { ...options, 'dry-run': { type: 'boolean', default: false } } as const
  const { values, positionals } = parseArgs({ args: [...args], options: own, allowPositionals: true })
  const [location] = positionals
  if (!location || positionals.length > 1) throw new CommandError('usage', 'Give the name of one location.')
  const report = await withHost(values.home, (host) => pruneLocation(host, location, { dryRun: values['dry-run'] }))
  if (values.json) return print(JSON.stringify(report))
  for (const { instance, keep, dropped, refused, quarantined, unreadable } of report.instances) {
    print(`${instance}  ${keep.length} stay, ${dropped.length} ${values['dry-run'] ? 'would go' : 'went'}`)
    for (const { set, says } of refused) print(`  ${set ?? 'all'}: ${says}`)
    for (const { set, why } of quarantined) print(`  ${set.set}: SET ASIDE: ${why}`)
    for (const { prefix, why } of unreadable) print(`  ${prefix}: ${why}`)
  }
}
