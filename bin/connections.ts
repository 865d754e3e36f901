import type { Host } from '@erp4/ops'
import { CommandError } from './exit-codes.ts'

/** How many database connections each process may have at most: its budget of the instances' (bin/wiring), and one to the registry. */
const budgets = { serve: 41, work: 21, seal: 5, agent: 14 } as const
/** Commands of the operator, and those that PostgreSQL keeps for the superuser. */
const reserved = 7

export interface ConnectionSum {
  needed: number
  given: number
  /** How many server processes there could be. */
  mostProcesses: number
}

/** What all processes together could ask of PostgreSQL, and what it gives. */
export function sumConnections({ cluster }: Pick<Host, 'cluster'>, processes: number): ConnectionSum {
  const others = budgets.work + budgets.seal + budgets.agent + reserved
  const given = cluster.maxConnections
  return { needed: processes * budgets.serve + others, given, mostProcesses: Math.floor((given - others) / budgets.serve) }
}

/** Together the processes must never ask for more connections than PostgreSQL gives; better said now than under load. */
export function demandConnections(host: Pick<Host, 'cluster'>, processes: number): void {
  const { needed, given, mostProcesses } = sumConnections(host, processes)
  if (needed <= given) return
  throw new CommandError(
    'usage',
    `${processes} server processes could need ${needed} database connections, and there are ${given}: use at most ${mostProcesses}.`,
  )
}
