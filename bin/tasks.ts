import type pg from 'pg'
import { connectAs, ensureTemplate, type CarryOver, type Finding, type Host, type Instance, type Journey } from '@erp4/ops'
import { answerAll, answerOnce } from './child.ts'
import type { CopyKeys, Erp, InstanceAccess, MigrationPlan } from './erp.ts'
import { CommandError } from './exit-codes.ts'
import { describe } from './hosting.ts'
import { releaseFingerprint } from './release.ts'
import { askChild } from './supervisor.ts'

/** Things that need the ERP's code, done once each in a process of their own, as the OS user of the server: ops stays without it. */
export type Task =
  | { task: 'build template' | 'load demo'; config: pg.ClientConfig; apps: readonly string[] }
  | { task: 'plan'; access: InstanceAccess; apps: readonly string[] }
  | { task: 'migrate'; access: InstanceAccess; apps: readonly string[]; allow: readonly string[] }
  | { task: 'neutralise'; access: InstanceAccess; keys: CopyKeys }
  | { task: 'expected catalogue'; config: pg.ClientConfig; apps: readonly string[]; languages: readonly string[] }
  | { task: 'languages'; config: pg.ClientConfig }
  | { task: 'custom fields'; config: pg.ClientConfig; apps: readonly string[] }
  | { task: 'carry over'; config: pg.ClientConfig }
  | { task: 'reconcile'; config: pg.ClientConfig; carried: CarryOver; journey: Journey | undefined; keys: CopyKeys | undefined }
  | { task: 'rewrap'; config: pg.ClientConfig; keys: CopyKeys }
  | { task: 'examine'; accesses: readonly InstanceAccess[] }
  | { task: 'why'; access: InstanceAccess; question: { user: string; operation: string; model: string; id: number } }

/** The commands `task` and `tasks`, which only a parent of ours runs: one question, or one after the other. */
export const runTask = (erp: Erp): Promise<void> => answerOnce((question) => perform(erp, question as Task))
export const runTasks = (erp: Erp): Promise<void> => answerAll((question) => perform(erp, question as Task))

function perform(erp: Erp, task: Task): Promise<unknown> {
  switch (task.task) {
    case 'build template':
      return erp.buildTemplate(task.config, task.apps).then(() => null)
    case 'load demo':
      return erp.loadDemo(task.config, task.apps).then(() => null)
    case 'plan':
      return erp.plan(task.access, task.apps)
    case 'migrate':
      return erp.migrate(task.access, task.apps, { allow: task.allow })
    case 'neutralise':
      return erp.neutralise(task.access, task.keys).then(() => null)
    case 'expected catalogue':
      return erp.expectedCatalogue(task.config, task.apps, task.languages)
    case 'languages':
      return erp.languagesIn(task.config)
    case 'custom fields':
      return erp.settleCustomFields(task.config, task.apps)
    case 'carry over':
      return erp.carryOver(task.config)
    case 'reconcile':
      return erp.reconcile(task.config, task.carried, { journey: task.journey, keys: task.keys })
    case 'rewrap':
      return erp.rewrap(task.config, task.keys)
    case 'examine':
      return erp.examine(task.accesses)
    case 'why':
      return erp.why(task.access, task.question)
  }
}

export const ask = <T>(host: Host, task: Task): Promise<T> =>
  askChild(host.home, { name: 'task', command: ['task'], user: 'erp4', access: () => task }) as Promise<T>

/** The template for these apps at this release; with demo data it is made from the one without. */
export async function templateFor(host: Host, apps: readonly string[], demo: boolean): Promise<string> {
  const names = [...apps].sort().join(' ')
  const fingerprint = releaseFingerprint()
  const plain = await ensureTemplate(host, { label: `plain ${names}`, apps, fingerprint }, (config) =>
    ask(host, { task: 'build template', config, apps }),
  )
  if (!demo) return plain
  return ensureTemplate(host, { label: `demo ${names}`, apps, fingerprint, from: plain }, (config) =>
    ask(host, { task: 'load demo', config, apps }),
  )
}

export const planMigration = async (host: Host, instance: Instance, apps: readonly string[]) =>
  ask<MigrationPlan>(host, { task: 'plan', access: await accessTo(host, instance), apps })

export const migrate = async (host: Host, instance: Instance, apps: readonly string[], allow: readonly string[]) =>
  ask<MigrationPlan>(host, { task: 'migrate', access: await accessTo(host, instance), apps, allow })

/** What takes from a copy whatever reaches outside. Its registry row names its original, whose keys this host must have. */
export async function neutralising(host: Host, copy: Instance): Promise<Task> {
  if (copy.kind !== 'copy' || copy.copyOf === null) throw new CommandError('refused', `${copy.name} is no copy: it is not neutralised.`)
  const wraps = host.keys.everyVersion(copy.copyOf, 'files').map((key) => key.toString('base64'))
  const wrap = host.keys.instanceKeys(copy.uuid, copy.keyVersion).derive('files').toString('base64')
  const keys: CopyKeys = { from: { instance: copy.copyOf, wraps }, to: { instance: copy.uuid, wrap } }
  return { task: 'neutralise', access: await accessTo(host, copy), keys }
}

export const explain = async (host: Host, instance: Instance, question: { user: string; operation: string; model: string; id: number }) =>
  ask<string[]>(host, { task: 'why', access: await accessTo(host, instance), question })

export const examine = async (host: Host, instances: readonly Instance[]) =>
  ask<Finding[]>(host, { task: 'examine', accesses: await Promise.all(instances.map((instance) => accessTo(host, instance))) })

/** As its owner to change its schema, as its runtime role for everything else. */
export async function accessTo(host: Host, instance: Instance, port = 80): Promise<InstanceAccess> {
  const [owner, runtime] = await Promise.all([connectAs(host, instance, 'owner'), connectAs(host, instance, 'runtime')])
  return { record: describe(instance, port), owner, runtime }
}
