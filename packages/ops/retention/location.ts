import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { OpsError } from '../errors.ts'
import { record } from '../evidence/chain.ts'
import type { Host } from '../host.ts'
import { readRegister } from '../stores/locations.ts'
import { openStore } from '../stores/open.ts'
import { prune, type PruneReport } from './prune.ts'
import { careOf, notePruned } from './registry.ts'

/**
 * Prunes a location of the register from this host, where it has the credentials for it (a directory needs none; elsewhere the pruner
 * belongs on a machine of the location). Leaves a record, pass or fail.
 */
export async function pruneLocation(host: Host, name: string, options: { dryRun?: boolean } = {}): Promise<PruneReport> {
  const locations = readRegister(host.home).locations
  const location = locations.find((one) => one.name === name)
  if (!location) throw new OpsError('not_found', `There is no location ${JSON.stringify(name)}: "erp4 stores list" shows all.`)
  const started = new Date()
  const store = await openStore(host.home, location, 'prune')
  try {
    const report = await prune(store, {
      state: stateFile(host, name),
      trustedKey: (id) => host.keys.trustedKey(id),
      clocks: () => clocksOf(host, name),
      care: await careOf(host),
      ...options,
    })
    if (options.dryRun) return report
    await notePruned(host, report)
    testify(host, report, started)
    return report
  } finally {
    await store.close()
  }
}

function stateFile(host: Host, name: string): string {
  const folder = join(host.home.dir, 'pruner')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return join(folder, `${name}.json`)
}

/** Ours, and those of the other locations that answer. */
async function clocksOf(host: Host, but: string): Promise<Date[]> {
  const others = readRegister(host.home).locations.filter(({ name }) => name !== but)
  const asked = await Promise.allSettled(
    others.map(async (location) => {
      const store = await openStore(host.home, location, 'read')
      try {
        return await store.now()
      } finally {
        await store.close()
      }
    }),
  )
  return [new Date(), ...asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))]
}

const faults = ['clock_behind', 'clocks_differ', 'too_many'] as const

function testify(host: Host, { location, instances }: PruneReport, started: Date): void {
  const odd = instances.flatMap((one) => [
    ...one.refused.filter(({ rule }) => (faults as readonly string[]).includes(rule)).map(({ says }) => `${one.instance}: ${says}`),
    ...one.quarantined.map(({ set, why }) => `${one.instance} ${set.set}: ${why}`),
    ...one.unreadable.map(({ prefix, why }) => `${prefix}: ${why}`),
  ])
  record(host, {
    check: 'retention.prune',
    subject: { type: 'location', id: location },
    started,
    result: odd.length ? 'fail' : 'pass',
    reason: odd.slice(0, 10).join(' '),
    measures: [
      { name: 'instances', value: instances.length, unit: '' },
      { name: 'dropped', value: instances.reduce((sum, one) => sum + one.dropped.length, 0), unit: 'sets' },
      { name: 'kept', value: instances.reduce((sum, one) => sum + one.keep.length, 0), unit: 'sets' },
    ],
  })
}
