import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { connectAs, withScratch, writeDurably, type ErpTasks, type Host, type Instance, type RehearsalOrder } from '@erp4/ops'
import type { CopyKeys } from './erp.ts'
import { release, releaseFingerprint } from './release.ts'
import { Helper } from './supervisor.ts'
import { accessTo, ask as askOnce, neutralising, type Task } from './tasks.ts'

/**
 * What ops asks of the ERP, answered by processes of their own, which are kept: most of what a restore takes besides its bytes is a program that
 * starts and reads all apps, and the last question of one over live comes when nobody can write. Close it.
 */
export function erpTasks(host: Host): ErpTasks {
  const helper = new Helper(host.home, { name: 'task', command: ['tasks'], user: 'erp4' })
  const ask = <T>(task: Task): Promise<T> => helper.ask(task) as Promise<T>
  return {
    release: release(),
    migrate: async (instance) =>
      void (await ask({ task: 'migrate', access: await accessTo(host, instance), apps: instance.apps, allow: [] })),
    expectedCatalogue: async (apps, like) =>
      // What a stranger's database answers is heard by a process that is asked nothing else.
      catalogueOf(host, apps, like ? await askOnce<string[]>(host, { task: 'languages', config: like }) : []),
    carryOver: async (live) => ask({ task: 'carry over', config: await connectAs(host, live, 'owner') }),
    reconcile: async (restored, carried, journey) =>
      ask({ task: 'reconcile', config: await connectAs(host, restored, 'owner'), carried, journey, keys: ownKeys(host, restored) }),
    rewrap: async (instance) => {
      const keys = ownKeys(host, instance)
      return keys ? ask<number>({ task: 'rewrap', config: await connectAs(host, instance, 'owner'), keys }) : 0
    },
    neutralise: async (copy) => void (await ask(await neutralising(host, copy))),
    close: () => helper.close(),
  }
}

/** What a rehearsal of restores asks of the ERP: in its scratch host, and once of the files, whose keys only this one has. */
export const rehearsalTasks = (host: Host): Pick<RehearsalOrder, 'erpOf' | 'rewrap'> => ({
  erpOf: erpTasks,
  rewrap: async (original, scratch, made) => {
    const wraps = host.keys.everyVersion(original, 'files').map((key) => key.toString('base64'))
    const wrap = scratch.keys.instanceKeys(made.uuid, made.keyVersion).derive('files').toString('base64')
    const keys: CopyKeys = { from: { instance: original, wraps }, to: { instance: made.uuid, wrap } }
    await askOnce(host, { task: 'rewrap', config: await connectAs(scratch, made, 'owner'), keys })
  },
})

/** A set may be older than a rotation: what opens with any version of the instance's key opens with the present one from then on. */
function ownKeys(host: Host, { uuid, keyVersion }: Instance): CopyKeys | undefined {
  const wraps = host.keys.everyVersion(uuid, 'files')
  if (wraps.length < 2) return undefined
  const wrap = host.keys.instanceKeys(uuid, keyVersion).derive('files')
  return {
    from: { instance: uuid, wraps: wraps.map((key) => key.toString('base64')) },
    to: { instance: uuid, wrap: wrap.toString('base64') },
  }
}

/** Made once for each release, in the scratch cluster, and kept in a folder where only whoever runs the host may write. */
async function catalogueOf(host: Host, apps: readonly string[], languages: readonly string[]): Promise<string[]> {
  const what = JSON.stringify([releaseFingerprint(), [...apps].sort(), [...languages].sort()])
  const file = join(host.home.run, `catalogue-${createHash('sha256').update(what).digest('hex').slice(0, 24)}.json`)
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as string[]
  const lines = await withScratch(host.home, async (scratch) => {
    const config = await connectAs(scratch.host, await scratch.empty(apps), 'owner')
    return askOnce<string[]>(host, { task: 'expected catalogue', config, apps, languages })
  })
  writeDurably(file, JSON.stringify(lines), { mode: 0o600 })
  return lines
}
