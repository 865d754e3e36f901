const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** docs/operations.md has a page for each. */
export const alarmNames = [
  'backup_old',
  'backup_breach',
  'backup_shrunk',
  'backup_empty',
  'backup_failing',
  'certificate_failed',
  'location_degraded',
  'retention_refused',
  'scheduler_silent',
  'drill_overdue',
  'rehearsal_failed',
  'evidence_broken',
  'disk_low',
  'registry_down',
] as const
export type AlarmName = (typeof alarmNames)[number]

export interface Alarm {
  name: AlarmName
  /** What it is of: the name of an instance or a location, or `host`. */
  subject: string
  /** A sentence. */
  detail: string
}

export interface SetSize {
  set: string
  taken: Date
  /** As stored, and of the database inside. */
  bytes: number
  databaseBytes: number
  /** Of its smallest part; a part of nothing is an empty backup. */
  smallestPart: number
}

export interface InstanceFacts {
  name: string
  created: Date
  /** The snapshot of the newest set that a restore test has passed. */
  newestProven: Date | undefined
  /** Published sets, newest first; a handful is enough. */
  sets: readonly SetSize[]
  /** Attempts to back it up that failed since the newest published set, and what the last one said. */
  failures: { count: number; last: string } | undefined
}

/** A copy that is not whole where it should be. */
export interface BadCopy {
  location: string
  instance: string
  set: string
  state: string
  /** When the set was published. */
  since: Date
}

/** What alarms are judged by. Each part is undefined where it could not be asked; then the alarms that rest on it stay as they are. */
export interface AlarmFacts {
  instances?: readonly InstanceFacts[]
  copies?: readonly BadCopy[]
  /** Failed checks without a later pass: restore tests, prunings. */
  failedTests?: readonly { instance: string; reason: string }[]
  refusedPrunings?: readonly { location: string; reason: string }[]
  /** What of the way back did not pass when it was last rehearsed: restores, downloads. */
  failedRehearsals?: readonly { check: string; reason: string }[]
  /** When the scheduler last decided what to do; null: it never did. `since` is when there should have been one. */
  scheduler?: { decided: Date | null; since: Date }
  drill?: { passed: Date | null; since: Date }
  evidence?: { faults: readonly string[] }
  disk?: { freeBytes: number; allBytes: number }
  registry?: { error: string | null }
}

export interface AlarmLimits {
  /** Age of the newest proven set: an alert, and the promise broken (RPO 24 h). */
  oldMs: number
  breachMs: number
  /** Times that a set is smaller than the largest of those before it. */
  shrunkTimes: number
  degradedMs: number
  silentMs: number
  drillMs: number
  freeBytes: number
  freeShare: number
  failures: number
}

export const alarmLimits: AlarmLimits = {
  oldMs: 20 * hourMs,
  breachMs: 24 * hourMs,
  shrunkTimes: 10,
  degradedMs: 15 * 60_000,
  silentMs: 10 * 60_000,
  drillMs: 90 * dayMs,
  freeBytes: 2 * 2 ** 30,
  freeShare: 0.05,
  failures: 2,
}

/** Which alarms each part of the facts decides: without it they stay as they are. */
export const decidedBy: Readonly<Record<keyof AlarmFacts, readonly AlarmName[]>> = {
  instances: ['backup_old', 'backup_breach', 'backup_shrunk', 'backup_empty', 'backup_failing'],
  copies: ['location_degraded'],
  failedTests: ['certificate_failed'],
  refusedPrunings: ['retention_refused'],
  failedRehearsals: ['rehearsal_failed'],
  scheduler: ['scheduler_silent'],
  drill: ['drill_overdue'],
  evidence: ['evidence_broken'],
  disk: ['disk_low'],
  registry: ['registry_down'],
}

/** What is wrong now. Judged by what is there, not by what was reported: nothing that fails to happen goes unnoticed. */
export function judgeAlarms(facts: AlarmFacts, now: Date, limits: AlarmLimits = alarmLimits): Alarm[] {
  const ago = (since: Date): number => now.getTime() - since.getTime()
  return [
    ...(facts.instances ?? []).flatMap((instance) => judgeInstance(instance, ago, limits)),
    ...judgeCopies(facts.copies ?? [], ago, limits),
    ...(facts.failedTests ?? []).map(({ instance, reason }): Alarm => ({ name: 'certificate_failed', subject: instance, detail: reason })),
    ...(facts.refusedPrunings ?? []).map(({ location, reason }): Alarm => ({
      name: 'retention_refused',
      subject: location,
      detail: reason,
    })),
    ...judgeHost(facts, ago, limits),
  ]
}

function judgeInstance(
  { name, created, newestProven, sets, failures }: InstanceFacts,
  ago: (since: Date) => number,
  limits: AlarmLimits,
): Alarm[] {
  const alarms: Alarm[] = []
  const raise = (alarm: AlarmName, detail: string): void => void alarms.push({ name: alarm, subject: name, detail })
  const age = ago(newestProven ?? created)
  const what = newestProven
    ? `The newest backup of ${name} that a restore test has passed is ${hours(age)} hours old`
    : `No backup of ${name} has passed a restore test, ${hours(age)} hours after it was made`
  if (age > limits.breachMs) raise('backup_breach', `${what}: more than 24 hours of work could be lost.`)
  else if (age > limits.oldMs) raise('backup_old', `${what}: at 24 hours the promise is broken.`)
  const [newest, ...before] = sets
  if (newest && (newest.bytes === 0 || newest.databaseBytes === 0 || newest.smallestPart === 0))
    raise('backup_empty', `The backup ${newest.set} of ${name} has a part of no bytes.`)
  for (const [kind, sizeOf] of [
    ['database', (set: SetSize) => set.databaseBytes],
    ['backup', (set: SetSize) => set.bytes],
  ] as const) {
    const largest = Math.max(0, ...before.map(sizeOf))
    if (newest && largest > 0 && sizeOf(newest) * limits.shrunkTimes <= largest) {
      raise('backup_shrunk', `The ${kind} of ${name} has shrunk from ${megabytes(largest)} to ${megabytes(sizeOf(newest))} MB.`)
      break
    }
  }
  if (failures && failures.count >= limits.failures)
    raise('backup_failing', `${failures.count} backups of ${name} failed in a row: ${failures.last}`)
  return alarms
}

function judgeCopies(copies: readonly BadCopy[], ago: (since: Date) => number, limits: AlarmLimits): Alarm[] {
  const bad = Map.groupBy(
    copies.filter(({ since, state }) => state === 'damaged' || ago(since) > limits.degradedMs),
    ({ location }) => location,
  )
  return [...bad].map(([location, all]) => {
    const states = [...new Set(all.map(({ state }) => state))].sort().join(', ')
    const instances = [...new Set(all.map(({ instance }) => instance))].sort()
    const most = `${instances.slice(0, 5).join(', ')}${instances.length > 5 ? ' and others' : ''}`
    return { name: 'location_degraded', subject: location, detail: `${location} lacks ${all.length} copies (${states}) of ${most}.` }
  })
}

function judgeHost(facts: AlarmFacts, ago: (since: Date) => number, limits: AlarmLimits): Alarm[] {
  const { scheduler, drill, evidence, disk, registry } = facts
  const alarms: Alarm[] = []
  const raise = (name: AlarmName, detail: string): void => void alarms.push({ name, subject: 'host', detail })
  const silent = scheduler && ago(scheduler.decided ?? scheduler.since)
  if (silent !== undefined && silent > limits.silentMs) {
    const since = (scheduler!.decided ?? scheduler!.since).toISOString()
    raise('scheduler_silent', `The agent has decided nothing since ${since}: no backups are made, no restore tests, nothing is pruned.`)
  }
  if (drill && ago(drill.passed ?? drill.since) > limits.drillMs)
    raise(
      'drill_overdue',
      drill.passed ? `The last recovery drill passed on ${drill.passed.toISOString()}.` : 'There has been no recovery drill yet.',
    )
  if (facts.failedRehearsals?.length)
    raise('rehearsal_failed', facts.failedRehearsals.map(({ check, reason }) => `${check}: ${reason}`).join(' '))
  if (evidence?.faults.length)
    raise('evidence_broken', `${evidence.faults.length} faults in the evidence: ${evidence.faults.slice(0, 3).join(' ')}`)
  if (disk && (disk.freeBytes < limits.freeBytes || disk.freeBytes < disk.allBytes * limits.freeShare))
    raise(
      'disk_low',
      `${(disk.freeBytes / 2 ** 30).toFixed(1)} GiB are free of ${(disk.allBytes / 2 ** 30).toFixed(1)}: backups need room, and PostgreSQL stops without.`,
    )
  if (registry?.error) raise('registry_down', `The host registry cannot be asked: ${registry.error}`)
  return alarms
}

const hours = (ms: number): string => (ms / hourMs).toFixed(1)
const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1)
