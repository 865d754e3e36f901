import { createHash } from 'node:crypto'
import { labelsOf, type ScheduledInstance, type ScheduledSet, type ScheduleFacts } from '@erp4/ops'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/** One thing to do. Its key names it in the agent's journal. */
export type Task =
  | { kind: 'finish' }
  | { kind: 'delete'; name: string }
  | { kind: 'backup'; name: string; class: 'scheduled' | 'intraday' }
  | { kind: 'prove'; set: string }
  | { kind: 'repair' }
  | { kind: 'prune'; location: string }
  | { kind: 'scrub'; location: string; bytes: number }
  | { kind: 'testify' }
  | { kind: 'rehearse' }
  | { kind: 'mail' }

/** How a task last went. */
export interface Past {
  /** ISO 8601. */
  at: string
  ok: boolean
  /** How often in a row it failed. */
  failures: number
  /** Bytes of databases restored, of a restore test. */
  bytes?: number
}

export type Journal = Readonly<Record<string, Past>>

export interface SchedulePolicy {
  /** A backup of each instance in each of these, at a time of its own. Twelve hours: an age of 24 must never be reached. */
  everyMs: number
  /** How long a new instance is left to be set up before its first backup. */
  settleMs: number
  /** Bytes of databases that restore tests may restore in 24 hours. */
  proofBytes: number
  /** A proven set is proven again when its certificate is older. */
  proofAgeMs: number
  /** Bytes that are read back in each location in 24 hours. */
  scrubBytes: number
}

/** 250 GB are restored in about an hour at 85 MB/s. */
export const schedulePolicy: SchedulePolicy = {
  everyMs: 12 * hourMs,
  settleMs: 15 * minuteMs,
  proofBytes: 250e9,
  proofAgeMs: 7 * dayMs,
  scrubBytes: 100e9,
}

export const keyOf = (task: Task): string => {
  switch (task.kind) {
    case 'delete':
    case 'backup':
      return `${task.kind} ${task.name}`
    case 'prove':
      return `prove ${task.set}`
    case 'prune':
    case 'scrub':
      return `${task.kind} ${task.location}`
    default:
      return task.kind
  }
}

/**
 * What is due, most urgent first. A pure answer to what there is and what was done: whoever was away for a week and asks again gets each
 * thing once, not fourteen times. Backups go before all that proves and prunes.
 */
export function dueTasks(facts: ScheduleFacts, journal: Journal, now: Date, policy: SchedulePolicy = schedulePolicy): Task[] {
  return [
    ...every(journal, { kind: 'finish' }, hourMs, now),
    ...dueBackups(facts.instances, now, policy),
    ...facts.deletions.flatMap((name) => every(journal, { kind: 'delete', name }, dayMs, now)),
    ...dueProofs(facts.sets, journal, now, policy),
    ...(facts.isIncomplete ? every(journal, { kind: 'repair' }, hourMs, now) : []),
    ...facts.locations.flatMap((location) => every(journal, { kind: 'prune', location }, dayMs, now)),
    ...facts.locations.flatMap((location) => every(journal, { kind: 'scrub', location, bytes: policy.scrubBytes }, dayMs, now)),
    ...every(journal, { kind: 'testify' }, dayMs, now),
    ...every(journal, { kind: 'mail' }, 7 * dayMs, now),
    // With a set that has proven itself, not on a host's first day: what is tried is the way back, not the set.
    ...(facts.sets.some(({ proven }) => proven && now.getTime() - proven.getTime() >= dayMs)
      ? every(journal, { kind: 'rehearse' }, 30 * dayMs, now)
      : []),
  ]
}

function dueBackups(instances: readonly ScheduledInstance[], now: Date, policy: SchedulePolicy): Task[] {
  return instances
    .filter((one) => isBackupDue(one, now, policy))
    .sort((a, b) => (a.lastSet?.getTime() ?? 0) - (b.lastSet?.getTime() ?? 0) || (a.uuid < b.uuid ? -1 : 1))
    .map((one) => ({ kind: 'backup', name: one.name, class: classOf(one, now) }))
}

function isBackupDue({ uuid, created, lastSet, failures, lastAttempt }: ScheduledInstance, now: Date, policy: SchedulePolicy): boolean {
  if (failures > 0 && lastAttempt && now.getTime() - lastAttempt.getTime() < retryMs(failures)) return false
  if (!lastSet) return now.getTime() - created.getTime() >= policy.settleMs
  // A set of a time to come was made by a wrong clock, and must not keep the right one waiting.
  return lastSet.getTime() > now.getTime() || lastSet.getTime() < slotStart(uuid, now, policy.everyMs).getTime()
}

/** When the slot began in which `now` lies. Each instance has its own minute, so that three hundred do not begin at once. */
export function slotStart(uuid: string, now: Date, everyMs: number): Date {
  const offset = createHash('sha256').update(uuid).digest().readUInt32BE() % everyMs
  return new Date(Math.floor((now.getTime() - offset) / everyMs) * everyMs + offset)
}

/** The first of a day, in the instance's zone, is the day's set; what else comes lies between. */
const classOf = ({ zone, days }: ScheduledInstance, now: Date): 'scheduled' | 'intraday' =>
  days.includes(labelsOf(now, zone).day) ? 'intraday' : 'scheduled'

/** 5 minutes, doubled with each failure, 2 hours at most. */
const retryMs = (failures: number): number => Math.min(2 * hourMs, 5 * minuteMs * 2 ** Math.min(failures - 1, 10))

/** Every new set, those of instances whose newest proven one is oldest first; then the oldest certificates, as far as the bytes go. */
function dueProofs(sets: readonly ScheduledSet[], journal: Journal, now: Date, policy: SchedulePolicy): Task[] {
  const spent = Object.entries(journal)
    .filter(([key, { at }]) => key.startsWith('prove ') && now.getTime() - Date.parse(at) < dayMs)
    .reduce((sum, [, { bytes = 0 }]) => sum + bytes, 0)
  const newest = new Map<string, number>()
  for (const { instance, taken, proven } of sets) if (proven) newest.set(instance, Math.max(newest.get(instance) ?? 0, taken.getTime()))
  const unproven = sets
    .filter(({ proven }) => !proven)
    // Of one instance the newest first: it is the one that the promise hangs on.
    .sort((a, b) => (newest.get(a.instance) ?? 0) - (newest.get(b.instance) ?? 0) || b.taken.getTime() - a.taken.getTime())
  const old = sets
    .filter(({ proven }) => proven && now.getTime() - proven.getTime() >= policy.proofAgeMs)
    .sort((a, b) => a.proven!.getTime() - b.proven!.getTime())
  let left = policy.proofBytes - spent
  return [...unproven, ...old].flatMap(({ set, bytes }): Task[] => {
    const task: Task = { kind: 'prove', set }
    const past = journal[keyOf(task)]
    if (past && !past.ok && now.getTime() - Date.parse(past.at) < Math.max(hourMs, retryMs(past.failures))) return []
    // A set larger than the whole budget is tested when nothing else was: it could never be otherwise.
    if (bytes > left && left < policy.proofBytes) return []
    left -= bytes
    return [task]
  })
}

/** What is to be done each `everyMs`, counted from when it was done; sooner after a failure. A journal of a time to come is not believed. */
function every(journal: Journal, task: Task, everyMs: number, now: Date): Task[] {
  const past = journal[keyOf(task)]
  if (!past) return [task]
  const ago = now.getTime() - Date.parse(past.at)
  return ago < 0 || ago >= (past.ok ? everyMs : Math.min(everyMs, retryMs(past.failures))) ? [task] : []
}
