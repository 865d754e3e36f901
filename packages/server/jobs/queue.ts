import type { Connection } from '@erp4/orm'
import { askCancel, insertJob, jobState, jobsOf, putSchedule, takeDue, tryZone, type JobClass, type JobState } from '../sql/jobs.ts'
import { jobs, type JobRegistry } from './registry.ts'

export interface JobRequest {
  name: string
  args?: Readonly<Record<string, unknown>>
  /** Whose rights it runs with; null for the system's own. */
  userId: number | null
  /** Not before. */
  runAt?: Date
}

/**
 * Asks for a job, in the caller's transaction: it exists if and only if that commits. The instance must have been marked
 * active (kernel §2.9) before the transaction began, as for any write.
 * @returns the job's id. @throws when no such job is registered.
 */
export async function enqueue(cx: Connection, request: JobRequest, registry: JobRegistry = jobs): Promise<number> {
  const job = demandJob(request.name, registry)
  const [row] = await cx.query<{ id: number }>(
    insertJob({
      class: job.class,
      name: request.name,
      args: JSON.stringify(request.args ?? {}),
      userId: request.userId,
      runAt: request.runAt?.toISOString() ?? null,
      maxAttempts: job.maxAttempts ?? 8,
    }),
  )
  return row!.id
}

/** A waiting job ends at once; a running one is told, and ends when it next looks. False: it was over already. */
export async function cancelJob(cx: Connection, id: number): Promise<boolean> {
  return (await cx.query(askCancel(id))).length > 0
}

/** How many jobs of these names wait or run for a user. */
export async function countJobs(cx: Connection, userId: number, names: readonly string[]): Promise<number> {
  const [row] = await cx.query<{ count: number }>(jobsOf(userId, names))
  return row!.count
}

export interface JobStatus {
  id: number
  class: JobClass
  name: string
  state: JobState
  attempts: number
  done: number
  total: number | null
  message: string | null
  result: unknown
  /** For a person; of an error of ours, a reference to the log. */
  error: string | null
  cancel_asked: boolean
  created_at: string
  started_at: string | null
  finished_at: string | null
}

export async function readJob(cx: Connection, id: number): Promise<JobStatus | undefined> {
  return (await cx.query<JobStatus>(jobState(id)))[0]
}

export interface Schedule {
  /** An external id, so that an upgrade finds it again. */
  key: string
  name: string
  args?: Readonly<Record<string, unknown>>
  userId: number | null
  every: number
  unit: 'minutes' | 'hours' | 'days' | 'weeks' | 'months'
  /** IANA name of the instance's zone; days and longer are counted on its calendar. */
  zone: string
  /** The first time; now when left out. An existing schedule keeps its own. */
  firstAt?: Date
}

/** Makes a scheduled action, or brings an existing one up to date; when it next runs and whether it is active stay as they are. */
export async function ensureSchedule(cx: Connection, schedule: Schedule, registry: JobRegistry = jobs): Promise<number> {
  demandJob(schedule.name, registry)
  // Found out here: a zone that nobody knows would hold up every other schedule when its time has come.
  await cx.query(tryZone(schedule.zone))
  const [row] = await cx.query<{ id: number }>(
    putSchedule({ ...schedule, args: JSON.stringify(schedule.args ?? {}), firstAt: schedule.firstAt?.toISOString() ?? null }),
  )
  return row!.id
}

/** Moves every schedule whose time has come on to its next one without running it: in an instance that went back in time, it ran already. */
export async function skipDue(cx: Connection): Promise<number> {
  return (await cx.query(takeDue)).length
}

function demandJob(name: string, registry: JobRegistry) {
  const job = registry.find(name)
  if (!job) throw new Error(`There is no job '${name}'.`)
  return job
}
