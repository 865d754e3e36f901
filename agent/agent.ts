import { setTimeout as pause } from 'node:timers/promises'
import { beat, listAlarms, scheduleFacts, watchAlarms, type AlarmMail, type Host } from '@erp4/ops'
import { noteTask, readJournal } from './journal.ts'
import { dueTasks, keyOf, schedulePolicy, type SchedulePolicy, type Task } from './schedule.ts'

export interface AgentOrder {
  host: Host
  /** Does one task, in a process of its own where it moves data. Rejects when it failed. */
  perform: (task: Task, signal: AbortSignal) => Promise<{ bytes?: number } | void>
  policy?: SchedulePolicy
  mail: AlarmMail | undefined
  /** Asked each minute while no alarm is up: whoever hears nothing there knows that this machine is gone. */
  pingUrl?: string | undefined
  /** Hears what begins and how it ends, a line each. */
  tell?: (line: string) => void
  tickMs?: number
  alarmMs?: number
  /** How long it leaves the machine to those who start it. */
  settleMs?: number
}

const tickMs = 15_000
const alarmMs = 60_000
const settleMs = 15_000
const deepEveryMs = 3_600_000
/** A task that runs longer is ended: it would keep all others waiting. */
const patienceMs = 6 * 3_600_000

/**
 * Runs the schedule of a host from its own registry: needs no control plane, no server and no worker. One task at a time; alarms are looked
 * at beside them. Ends what is under way when it is stopped; everything can be interrupted and is finished or undone at the next start.
 */
export class Agent {
  readonly #order: AgentOrder
  readonly #since = new Date()
  readonly #stop = new AbortController()
  #running: { task: Task; since: number; abort: AbortController } | undefined
  #lives: Promise<unknown> = Promise.resolve()
  #deepAt = 0
  #isDeciding = false
  #isStarted = false

  constructor(order: AgentOrder) {
    this.#order = order
  }

  start(): void {
    const { tickMs: tick = tickMs, alarmMs: alarm = alarmMs } = this.#order
    this.#isStarted = true
    this.#beat(this.#since)
    this.#lives = pause(this.#order.settleMs ?? settleMs, undefined, { signal: this.#stop.signal })
      .catch(() => {}) // stopped
      .then(() => Promise.all([this.#repeat(tick, () => this.decide()), this.#repeat(alarm, () => this.watch())]))
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    this.#running?.abort.abort()
    await this.#lives
  }

  /** One decision: begins the most urgent task unless one is under way, and says in the heartbeat that it decided. */
  async decide(now = new Date()): Promise<void> {
    const { host, policy = schedulePolicy } = this.#order
    if (this.#running) {
      const { abort, since } = this.#running
      if (now.getTime() - since > patienceMs) abort.abort()
      // A task that cannot be ended is silence, too: then nothing is decided any more.
      if (now.getTime() - since < patienceMs + 600_000) this.#beat(now)
      return
    }
    // Facts that were read before a task ended would have it done twice.
    if (this.#isDeciding) return
    this.#isDeciding = true
    const facts = await scheduleFacts(host).finally(() => (this.#isDeciding = false))
    const [task] = dueTasks(facts, readJournal(host.home), now, policy)
    this.#beat(now)
    if (task && !this.#stop.signal.aborted) void this.#run(task)
  }

  /** Looks at all alarms once. */
  async watch(now = new Date()): Promise<void> {
    const { host, mail, pingUrl } = this.#order
    const deep = now.getTime() - this.#deepAt >= deepEveryMs
    if (deep) this.#deepAt = now.getTime()
    const { raised, cleared, mailError } = await watchAlarms({ host, mail, since: this.#since }, now, deep)
    for (const { name, subject, detail } of raised) this.#tell(`ALARM ${name} ${subject}: ${detail}`)
    for (const { name, subject } of cleared) this.#tell(`over: ${name} ${subject}`)
    if (mailError) this.#tell(`The mail server does not take alarms: ${mailError}`)
    if (pingUrl && listAlarms(host.home).length === 0)
      await fetch(pingUrl, { signal: AbortSignal.timeout(10_000) }).catch((error: Error) =>
        this.#tell(`The outside could not be told: ${error.message}`),
      )
  }

  /** Resolves when no task is under way. */
  async idle(): Promise<void> {
    while (this.#running) await pause(20)
  }

  async #run(task: Task): Promise<void> {
    const { host, perform } = this.#order
    const abort = new AbortController()
    this.#running = { task, since: Date.now(), abort }
    const key = keyOf(task)
    this.#tell(`${key}: begins`)
    try {
      const done = await perform(task, abort.signal)
      noteTask(host.home, task, { ok: true, at: new Date(), ...(done?.bytes === undefined ? {} : { bytes: done.bytes }) })
      this.#tell(`${key}: done`)
    } catch (error) {
      this.#tell(`${key}: failed: ${(error as Error).message}`)
      // What was ended by a stop did not fail, and is due again at the next start.
      if (!this.#stop.signal.aborted) this.#noteFailure(task)
    } finally {
      this.#running = undefined
    }
    // What comes next need not wait for the next tick.
    if (this.#isStarted && !this.#stop.signal.aborted) await this.decide().catch((error: Error) => this.#tell(error.message))
  }

  #noteFailure(task: Task): void {
    try {
      noteTask(this.#order.host.home, task, { ok: false, at: new Date() })
    } catch (error) {
      this.#tell(`The journal cannot be written: ${(error as Error).message}`)
    }
  }

  #beat(now: Date): void {
    beat(this.#order.host.home, { decided: now.toISOString(), pid: process.pid, doing: this.#running ? [keyOf(this.#running.task)] : [] })
  }

  #tell(line: string): void {
    this.#order.tell?.(line)
  }

  /** Errors are told and the next round comes all the same: this process is the last that may die of a full disk. */
  async #repeat(everyMs: number, work: () => Promise<void>): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      await work().catch((error: Error) => this.#tell(error.message))
      await pause(everyMs, undefined, { signal }).catch(() => {}) // stopped
    }
    while (this.#running) await pause(20)
  }
}
