import { parseArgs } from 'node:util'
import { HostKeys, openHome, ulid } from '@erp4/ops'
import type { Erp } from '../erp.ts'
import { CommandError, Verdict } from '../exit-codes.ts'
import { homeFolder } from '../home.ts'
import { print, say, Steps } from '../terminal.ts'
import { runDrill } from './drill.ts'
import { keepReport, reportText } from './report.ts'

const options = {
  home: { type: 'string' },
  json: { type: 'boolean', default: false },
  instances: { type: 'string', default: '20' },
  workers: { type: 'string', default: '2' },
  keep: { type: 'boolean', default: false },
} as const

/** Loses a host on purpose and brings it back; the record of it goes to the home that ordered it, which is not touched otherwise. */
export async function drill(args: readonly string[], erp: Erp): Promise<void> {
  const { values } = parseArgs({ args: [...args], options })
  const home = openHome(homeFolder(values.home))
  const host = { home, keys: HostKeys.open(home) }
  const steps = new Steps()
  const order = {
    id: ulid(),
    instances: numberOf(values.instances, 'instances', 1, 200),
    workers: numberOf(values.workers, 'workers', 1, 16),
    isKept: values.keep,
    tell: (step: string) => steps.begin(step),
  }
  const report = await runDrill(order, erp).finally(() => steps.end())
  const path = keepReport(host, report)
  if (values.json) print(JSON.stringify(report))
  else for (const line of reportText(report)) print(line)
  say(`The report is ${path}; its record is in the evidence of this host.`)
  if (report.result !== 'pass') throw new Verdict('set_damaged', `The drill failed: ${report.faults.join(' ')}`)
}

function numberOf(text: string, what: string, least: number, most: number): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && number >= least && number <= most) return number
  throw new CommandError('usage', `--${what} takes a number from ${least} to ${most}, not ${JSON.stringify(text)}.`)
}
