import { parseArgs } from 'node:util'
import {
  checks,
  claimsState,
  listEvidence,
  listInstances,
  openHome,
  readRegister,
  verifyEvidence,
  evidenceHeads,
  type DueSubject,
  type Host,
} from '@erp4/ops'
import { CommandError, Verdict } from '../exit-codes.ts'
import { homeFolder, withHost } from '../home.ts'
import { print, say } from '../terminal.ts'

const options = { home: { type: 'string' }, json: { type: 'boolean', default: false } } as const

/** The signed records of checks, oldest first. */
export async function list(args: readonly string[]): Promise<void> {
  const own = { ...options, check: { type: 'string' }, subject: { type: 'string' }, days: { type: 'string', default: '31' } } as const
  const { values } = parseArgs({ args: [...args], options: own })
  const days = Number(values.days)
  if (!(days > 0)) throw new CommandError('usage', '--days takes a number above 0.')
  if (values.check !== undefined && !checks.some(({ check }) => check === values.check))
    throw new CommandError('not_found', `There is no check ${values.check}; there are ${checks.map(({ check }) => check).join(', ')}.`)
  const since = new Date(Date.now() - days * 86_400_000)
  const records = listEvidence(openHome(homeFolder(values.home)), { check: values.check, subject: values.subject, since })
  if (values.json) return print(JSON.stringify(records))
  for (const { seq, finished, check, subject, result, reason } of records)
    print(
      [String(seq).padStart(6), finished.slice(0, 19), result.padEnd(7), check.padEnd(20), `${subject.type} ${subject.id}`, reason].join(
        '  ',
      ),
    )
}

/** Holds every record against its signature, the one before it, and the heads that the locations keep. Ends with `refused` when one is wrong. */
export async function verify(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options })
  const home = openHome(homeFolder(values.home))
  const { heads, unreachable } = await evidenceHeads(home)
  for (const why of unreachable) say(`  ${why}`)
  const report = verifyEvidence(home, heads)
  if (values.json) print(JSON.stringify({ ...report, heads: heads.length }))
  else {
    for (const { file, line, what, says } of report.faults) print(`${file}${line ? `:${line}` : ''}  ${what}  ${says}`)
    print(`${report.records} records are good, the last is number ${report.last}; held against ${heads.length} heads kept in locations.`)
  }
  if (report.faults.length) throw new Verdict('refused', `${report.faults.length} faults in the evidence.`)
}

/** What may be claimed of this host now, and what stands in the way. */
export async function claims(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options })
  const states = await withHost(values.home, async (host) => {
    const now = new Date()
    return claimsState(listEvidence(host.home, { since: new Date(now.getTime() - 101 * 86_400_000) }), await subjects(host), now)
  })
  if (values.json) return print(JSON.stringify(states))
  for (const { claim, state, passed, of, open } of states) {
    print(`${claim}  ${{ shown: 'shown', not_shown: 'not shown', failed: 'FAILED' }[state].padEnd(9)}  ${passed} of ${of}`)
    for (const one of open.slice(0, 5)) print(`       ${one.check} of ${one.subject.type} ${one.subject.id}: ${one.state}. ${one.reason}`)
    if (open.length > 5) print(`       and ${open.length - 5} more`)
  }
}

async function subjects(host: Host): Promise<DueSubject[]> {
  const live = (await listInstances(host)).filter(({ kind, state }) => kind === 'live' && state === 'ready')
  const born = live.map(({ created }) => created.getTime())
  const since = new Date(Math.min(Date.now(), ...born))
  return [
    ...live.map(({ uuid, created }): DueSubject => ({ type: 'instance', id: uuid, since: created })),
    ...readRegister(host.home).locations.map(({ name }): DueSubject => ({ type: 'location', id: name, since })),
    { type: 'host', id: host.home.facts().host ?? '', since },
    { type: 'fleet', id: 'all', since },
  ]
}
