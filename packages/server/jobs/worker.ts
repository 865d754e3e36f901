import { randomUUID } from 'node:crypto'
import {
  claimJob,
  endLost,
  nextJobAt,
  startScheduled,
  sweepJobs,
  takeDue,
  type DueSchedule,
  type JobClass,
  type JobRow,
} from '../sql/jobs.ts'
import { jobs, type JobRegistry, type WorkInstance } from './registry.ts'
import { JobRun, type RunOptions } from './run.ts'

/** The host registry's part (kernel §2.9). A table there needs `until` (the lease), `next_due` and `visited`. */
export interface WorkHosting {
  /**
   * Instances to be visited now: those whose lease ended after their last visit began (`visited < until`), so that each is
   * visited once more after its last possible write, and those whose `next_due` has come.
   */
  due(): Promise<readonly WorkInstance[]>
  /** Every live instance, for the daily sweep. */
  all(): Promise<readonly WorkInstance[]>
  /** The visit that began at `startedAt` is over; `nextDue` is when to come again if nothing else happens, null for never. */
  visited(name: string, visit: { startedAt: Date; nextDue: Date | null }): Promise<void>
}

/** Something else to be done at each visit: the mailer. Gives when it next has something to do there. */
export type Errand = (instance: WorkInstance) => Promise<Date | null>

export interface WorkerOptions extends Pick<RunOptions, 'databases' | 'closeCall'> {
  hosting: WorkHosting
  /** As in `RunOptions`, for one instance. */
  openCall: (instance: WorkInstance, ...args: Parameters<RunOptions['openCall']>) => ReturnType<RunOptions['openCall']>
  onError: (error: unknown, facts: Record<string, unknown>) => void
  errands?: readonly Errand[]
  registry?: JobRegistry
  /** Jobs at once, over all instances, and of one instance. */
  total?: number
  perInstance?: number
  /** Of `total`, kept free of bulk jobs. */
  forUrgent?: number
  everyMs?: number
  leaseMs?: number
  /** How long a finished job can be looked at. */
  keepDays?: number
}

const dayMs = 86_400_000

/** Visits active instances, one after the other, and gives each a job at a time, so that none waits for another's hundred. */
export class Worker {
  readonly #options: Required<Omit<WorkerOptions, 'closeCall'>> & Pick<WorkerOptions, 'closeCall'>
  readonly #running = new Map<JobRun, { instance: string; isOver: Promise<void> }>()
  /** Where the last round began: the next begins behind it. */
  #turn = 0
  #timer: NodeJS.Timeout | undefined
  #round: Promise<void> | undefined
  /** Instances that may have more jobs than were given out. */
  #hungry: WorkInstance[] = []
  #giving: Promise<void> = Promise.resolve()
  #isStopping = false
  #sweptAt = 0

  constructor(options: WorkerOptions) {
    this.#options = {
      errands: [],
      registry: jobs,
      total: 8,
      perInstance: 2,
      forUrgent: 2,
      everyMs: 2000,
      leaseMs: 30_000,
      keepDays: 30,
      ...options,
    }
  }

  /** Runs in this process at the moment. */
  get running(): number {
    return this.#running.size
  }

  start(): void {
    this.#timer = setTimeout(() => void this.visit().finally(() => this.#isStopping || this.start()), this.#options.everyMs)
    void this.visit()
  }

  /** Takes no new job, tells the running ones, and waits for them; those that do not heed it in time are left to their lease. */
  async stop(graceMs = 10_000): Promise<void> {
    this.#isStopping = true
    clearTimeout(this.#timer)
    await this.#round
    for (const run of this.#running.keys()) run.stop()
    const late = new Promise<void>((resolve) => setTimeout(resolve, graceMs).unref())
    await Promise.race([Promise.all([...this.#running.values()].map((run) => run.isOver)), late])
  }

  /** One visit to every instance that is due; the one that is under way, if there is one. */
  visit(): Promise<void> {
    this.#round ??= this.#visitAll().finally(() => (this.#round = undefined))
    return this.#round
  }

  async #visitAll(): Promise<void> {
    const startedAt = new Date()
    const isSweep = Date.now() - this.#sweptAt >= dayMs
    const found = await (isSweep ? this.#options.hosting.all() : this.#options.hosting.due()).catch((error: unknown) =>
      this.#tell(error, {}),
    )
    if (!found) return
    if (isSweep) this.#sweptAt = Date.now()
    const due = found.map((_one, i) => found[(i + this.#turn) % found.length]!)
    this.#turn++
    const failed = new Set<WorkInstance>()
    await this.#each(due, failed, (instance) => this.#prepare(instance, isSweep))
    this.#hungry = due.filter((instance) => !failed.has(instance))
    await this.#giveOut()
    await this.#each(due, failed, (instance) => this.#leave(instance, startedAt))
  }

  /** An instance that fails is left out of the rest of the round, and visited again. */
  async #each(due: readonly WorkInstance[], failed: Set<WorkInstance>, work: (instance: WorkInstance) => Promise<void>): Promise<void> {
    for (const instance of due) {
      if (failed.has(instance) || this.#isStopping) continue
      await work(instance).catch((error: unknown) => {
        failed.add(instance)
        this.#tell(error, { instance: instance.name })
      })
    }
  }

  async #prepare({ database }: WorkInstance, isSweep: boolean): Promise<void> {
    const { databases, registry, keepDays } = this.#options
    await databases.transaction(database, async (cx) => {
      await cx.query(endLost)
      if (isSweep) await cx.query(sweepJobs(keepDays))
      for (const schedule of await cx.query<DueSchedule>(takeDue)) {
        const job = registry.find(schedule.name)
        if (schedule.isBusy || !job) continue
        await cx.query(
          startScheduled({
            class: job.class,
            name: schedule.name,
            args: JSON.stringify(schedule.args),
            userId: schedule.user_id,
            maxAttempts: job.maxAttempts ?? 8,
            scheduleId: schedule.id,
          }),
        )
      }
    })
  }

  /** Rounds over the hungry instances, a job each, until nobody has one or no place is free. One at a time: places are counted. */
  #giveOut(): Promise<void> {
    this.#giving = this.#giving.then(async () => {
      for (let isAny = true; isAny && this.#classes().length > 0 && !this.#isStopping;) {
        isAny = false
        for (const instance of this.#hungry) if (await this.#feed(instance)) isAny = true
      }
    })
    return this.#giving
  }

  async #feed(instance: WorkInstance): Promise<boolean> {
    if (this.#isStopping || this.#isFull(instance)) return false
    const isFed = await this.#startOne(instance).catch((error: unknown) => this.#tell(error, { instance: instance.name }))
    // The one that was served goes to the end of the queue, the one that has nothing leaves it.
    this.#hungry = this.#hungry.filter((one) => one !== instance)
    if (isFed) this.#hungry.push(instance)
    return isFed === true
  }

  #isFull({ name }: WorkInstance): boolean {
    const busy = [...this.#running.values()].filter((run) => run.instance === name).length
    return busy >= this.#options.perInstance || this.#classes().length === 0
  }

  async #startOne(instance: WorkInstance): Promise<boolean> {
    const { databases, registry, leaseMs, openCall, closeCall, onError } = this.#options
    const claim = claimJob(this.#classes(), randomUUID(), leaseMs)
    const [row] = await databases.use(instance.database, (cx) => cx.query<JobRow>(claim))
    if (!row) return false
    const run = new JobRun(row, registry.find(row.name), {
      databases,
      instance,
      leaseMs,
      openCall: (...args) => openCall(instance, ...args),
      ...(closeCall ? { closeCall } : {}),
      onError: (error, facts) => onError(error, { instance: instance.name, ...facts }),
    })
    const isOver = run.run().finally(() => {
      this.#running.delete(run)
      // A place is free: whoever waits for it need not wait for the next visit.
      void this.#giveOut()
    })
    this.#running.set(run, { instance: instance.name, isOver })
    return true
  }

  #classes(): JobClass[] {
    const { total, forUrgent } = this.#options
    if (this.#running.size >= total) return []
    const bulk = [...this.#running.keys()].filter((run) => run.row.class === 'bulk').length
    return bulk >= total - forUrgent ? ['mail', 'interactive'] : ['mail', 'interactive', 'bulk']
  }

  /** Errands, and when to come again: asked last, so that what this visit put off is counted in. */
  async #leave(instance: WorkInstance, startedAt: Date): Promise<void> {
    const { databases, hosting, errands } = this.#options
    const times: (Date | null)[] = []
    for (const errand of errands) times.push(await errand(instance))
    const [next] = await databases.use(instance.database, (cx) => cx.query<{ at: string | null }>(nextJobAt))
    times.push(next!.at === null ? null : new Date(next!.at))
    const nextDue = times.filter((time) => time !== null).sort((a, b) => a.getTime() - b.getTime())[0] ?? null
    await hosting.visited(instance.name, { startedAt, nextDue })
  }

  #tell(error: unknown, facts: Record<string, unknown>): null {
    this.#options.onError(error, facts)
    return null
  }
}
