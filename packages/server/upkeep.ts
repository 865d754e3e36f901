import { type Connection, type Databases, type Model, type Registry, hasOwnerWork, moment } from '@erp4/orm'
import { sweepSignIns } from './auth/index.ts'
import { type Collection, type FileStore, collectFiles, fileReferences } from './files/index.ts'
import { JobRegistry, type Schedule, type SteppedJob, type WorkInstance, ensureSchedule } from './jobs/index.ts'
import { openSystemEnv } from './env.ts'
import { sweepKeys } from './sql/idempotency.ts'
import { forgetMail, sweepMail } from './sql/outbox.ts'

export interface UpkeepOptions {
  databases: Databases
  registryOf: (instance: WorkInstance) => Registry
  filesOf: (instance: WorkInstance) => FileStore
  /** Tells the host that the owner of the instance's tables has something to do there. */
  askOwner?: (instance: WorkInstance) => Promise<void>
  /** How long a mail that went out is kept. */
  keepMailDays?: number
}

/** What an upkeep removed. */
export interface Swept {
  signIns: number
  dialogues: number
  mails: number
  /** Mails that failed or were held, and what they said is forgotten. */
  forgotten: number
  files: Collection
}

export const upkeepName = 'base.upkeep'
const atOnce = 1000
/** A dialogue that nobody finished within a day, nobody will. */
const dialogueMs = 86_400_000
/** Days for which a mail that failed, or that a copy holds, can still be sent. */
const sendable = { failed: 7, held: 30 }

/**
 * The daily housekeeping of an instance: ended sessions and cooldowns, answers kept for repeated calls, dialogues of yesterday, mail
 * sent long ago and what failed mails said, the files that nobody refers to any more, and the fields of people's own whose days are over. Small transactions; interrupted, it goes on where it was.
 */
export function upkeepJob({ databases, registryOf, filesOf, askOwner, keepMailDays = 90 }: UpkeepOptions): SteppedJob {
  return {
    class: 'bulk',
    runSteps: async ({ instance, progress, transaction }): Promise<Swept> => {
      const registry = registryOf(instance)
      const drain = (work: (cx: Connection) => Promise<number>) => untilNone(() => transaction(({ cx }) => work(cx)), progress)
      const signIns = await drain(sweepSignIns)
      await transaction(({ cx }) => sweepKeys(cx))
      let dialogues = 0
      for (const model of registry.models.values())
        if (model.transient) dialogues += await drain((cx) => sweepDialogues(cx, registry, model))
      const mails = await drain(async (cx) => (await cx.query(sweepMail(keepMailDays))).length)
      const forgotten = await drain(async (cx) => (await cx.query(forgetMail(sendable))).length)
      const files = await collectFiles(databases, instance.database, filesOf(instance), { references: fileReferences(registry) })
      if (askOwner && registry.models.get('ir.model.fields')?.fields.has('phase')) {
        if (await databases.use(instance.database, hasOwnerWork)) await askOwner(instance)
      }
      return { signIns, dialogues, mails, forgotten, files }
    },
  }
}

/** Has the upkeep run each day; at the first visit of a worker, too. */
export function scheduleUpkeep(cx: Connection): Promise<number> {
  const schedule: Schedule = { key: upkeepName, name: upkeepName, userId: null, every: 1, unit: 'days', zone: 'UTC' }
  const known = new JobRegistry()
  // Only its name is asked for here: what the job does is the worker's.
  known.register(upkeepName, { class: 'bulk', run: async () => null })
  return ensureSchedule(cx, schedule, known)
}

/** Deleted by the ORM, so that their lines go with them. */
async function sweepDialogues(cx: Connection, registry: Registry, model: Model): Promise<number> {
  const sys = openSystemEnv(cx, { registry, files: null, source: `job:${upkeepName}` })
  const before = moment(new Date(Date.now() - dialogueMs))
  const old = await sys.model(model.name as never).search([['write_date', '<', before]] as never, { limit: atOnce, order: 'id' })
  await old.unlink()
  return old.ids.length
}

async function untilNone(step: () => Promise<number>, progress: (done: number) => Promise<void>): Promise<number> {
  let sum = 0
  for (;;) {
    const done = await step()
    if (done === 0) return sum
    sum += done
    await progress(sum)
  }
}
