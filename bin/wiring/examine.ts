import type pg from 'pg'
import { type Finding, withClient } from '@erp4/ops'
import { type Registry, asConnection, checkGrants, planMigration } from '@erp4/orm'
import { readSystemUses, serverTables } from '@erp4/server'
import type { InstanceAccess } from '../erp.ts'
import { loadApps } from './apps.ts'

/** What `erp4 doctor` tells of instances that only their apps' declarations can tell. */
export async function examine(accesses: readonly InstanceAccess[]): Promise<Finding[]> {
  const registryFor = await loadApps()
  const findings: Finding[] = []
  // One after the other: a host may have hundreds.
  for (const { record, owner } of accesses) {
    const { name } = record
    try {
      findings.push(...(await withClient(owner, (client) => examineDatabase(client, name, registryFor(record.apps)))))
    } catch (error) {
      findings.push({ level: 'fault', text: `${name} could not be examined: ${(error as Error).message}` })
    }
  }
  return findings
}

/** One instance, through its owner's connection. */
export async function examineDatabase(client: pg.Client, name: string, registry: Registry): Promise<Finding[]> {
  const options = { registry, tables: serverTables }
  const plan = await planMigration(client, options)
  const behind = plan.steps.length + plan.moves.length
  const grants = await checkGrants(client, options)
  return [
    ...grants.map(({ says }): Finding => ({ level: 'fault', text: `${name}: ${says}` })),
    ...(grants.length === 0 && behind === 0
      ? [{ level: 'ok' as const, text: `${name} has the tables and rights that its apps declare.` }]
      : []),
    ...(behind > 0
      ? [
          {
            level: 'note' as const,
            text:
              `${name} is behind by ${behind} step${behind > 1 ? 's' : ''}, such as the indexes of a language that was switched on: ` +
              `erp4 migrate --plan ${name} tells them, erp4 instance upgrade ${name} does them.`,
          },
        ]
      : []),
    ...(await systemUses(client, name)),
  ]
}

async function systemUses(client: pg.Client, name: string): Promise<Finding[]> {
  const uses = await readSystemUses(asConnection(client))
  return uses.map(({ reason, count, last }) => ({
    level: 'note',
    text: `${name}: without rules ${count} time${count === 1 ? '' : 's'}, because ${reason} (last ${last} UTC).`,
  }))
}
