import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { extrapolate, record, writeDurably, type Extrapolation, type Host, type Observation, type RecoveryJournal } from '@erp4/ops'
import type { Marker, Return } from './outside.ts'

export interface DrilledInstance {
  name: string
  plan: 'paid' | 'free'
  size: string
  /** Database and files. */
  bytes: number
  /** How old its set was when the location died. */
  setAgeSeconds: number
  acknowledged: number
  /** Acknowledged, and not there any more. */
  lost: number
  /** From the newest marker that was found to the kill: the loss. Null when it did not come back. */
  rpoSeconds: number | null
  /** From the kill until somebody outside had signed in at its old host name and read its newest marker. */
  rtoSeconds: number | null
  /** Of that, what its own restore took. */
  restoreSeconds: number | null
  attempts: number
  /** Why attempts failed that others made good. */
  retried: string[]
  faults: string[]
}

export interface DrillReport {
  v: 1
  id: string
  started: string
  killed: string
  ended: string
  release: string
  result: 'pass' | 'fail'
  faults: string[]
  destroyed: { processes: number; what: string; store: string; storesLeft: string[] }
  instances: DrilledInstance[]
  overall: { instances: number; back: number; rpoSeconds: number | null; rtoSeconds: number | null; bytes: number; workers: number }
  isPaidFirst: boolean
  extrapolation: Extrapolation
  conditions: string[]
  notIncluded: string[]
}

export interface Told {
  id: string
  started: Date
  killedAt: number
  release: string
  destroyed: DrillReport['destroyed']
  workers: number
  everyMs: number
  journal: RecoveryJournal
  instances: { name: string; plan: 'paid' | 'free'; size: string; acknowledged: readonly Marker[]; back: Return | undefined }[]
}

const limits = { rpoSeconds: 24 * 3_600, rtoSeconds: 8 * 3_600 }

export const conditions = [
  'One machine: the old location, the new one and the people outside share its processors.',
  'The stores are folders of the same disk, read at its speed and in part from memory: no network, no throttle, no 80 ms to another continent.',
]

const notIncluded = [
  'noticing the loss, and deciding to recover: people',
  'a machine to recover to, with its operating system and ERP4',
  'pointing host names elsewhere, and the time that resolvers remember the old address',
  'reading sets over a network: at 50 MB/s, 1 TB takes 5.6 hours more',
]

/** Says what a drill has shown: each instance against what its own set and its ledger allow, the whole against the promises. */
export function reportOf(told: Told): DrillReport {
  const { journal, killedAt, everyMs } = told
  const instances = told.instances.map((one): DrilledInstance => {
    const item = journal.items?.find(({ name }) => name === one.name)
    const { back, acknowledged } = one
    const taken = item ? Date.parse(item.taken) : undefined
    const newest = acknowledged.findLast(({ number }) => back !== undefined && number <= back.newest)
    const errors = [...(item?.errors ?? [])]
    const faults = back ? [] : [...errors, 'It did not come back.']
    const rpo = back ? (killedAt - (newest?.at ?? told.started.getTime())) / 1000 : null
    const setAge = taken === undefined ? 0 : (killedAt - taken) / 1000
    const missed = acknowledged.find(({ number, at }) => back && taken !== undefined && at < taken && number > back.newest)
    if (missed) faults.push(`Marker ${missed.number} was acknowledged before its set was taken, and is not in it.`)
    // The newest marker in a set is at most one interval older than the set, and what it takes to be acknowledged.
    if (rpo !== null && rpo > setAge + everyMs / 1000 + slackSeconds)
      faults.push(`It lost ${seconds(rpo)}, more than the age of its set, ${seconds(setAge)}.`)
    return {
      name: one.name,
      plan: one.plan,
      size: one.size,
      bytes: item?.plainBytes ?? 0,
      setAgeSeconds: round(setAge),
      acknowledged: acknowledged.length,
      lost: acknowledged.filter(({ number }) => number > (back?.newest ?? 0)).length,
      rpoSeconds: rpo === null ? null : round(rpo),
      rtoSeconds: back ? round((back.at - killedAt) / 1000) : null,
      restoreSeconds: item?.seconds ?? null,
      retried: back ? errors : [],
      attempts: (item?.attempts ?? 0) + (item?.state === 'done' ? 1 : 0),
      faults,
    }
  })
  const isPaidFirst = paidFirst(journal)
  const overall = {
    instances: instances.length,
    back: instances.filter(({ rtoSeconds }) => rtoSeconds !== null).length,
    rpoSeconds: worst(instances.map(({ rpoSeconds }) => rpoSeconds)),
    rtoSeconds: worst(instances.map(({ rtoSeconds }) => rtoSeconds)),
    bytes: instances.reduce((sum, { bytes }) => sum + bytes, 0),
    workers: told.workers,
  }
  const samples = instances.flatMap(({ bytes, restoreSeconds }) => (restoreSeconds === null ? [] : [{ bytes, seconds: restoreSeconds }]))
  const faults = [
    ...instances.flatMap(({ name, faults: own }) => own.map((one) => `${name}: ${one}`)),
    ...(isPaidFirst ? [] : ['A free instance was begun before a paid one.']),
    ...(overall.rpoSeconds !== null && overall.rpoSeconds > limits.rpoSeconds ? ['More than 24 hours were lost.'] : []),
    ...(overall.rtoSeconds !== null && overall.rtoSeconds > limits.rtoSeconds ? ['It took more than 8 hours.'] : []),
  ]
  return {
    v: 1,
    id: told.id,
    started: told.started.toISOString(),
    killed: new Date(killedAt).toISOString(),
    ended: new Date().toISOString(),
    release: told.release,
    result: faults.length || overall.back < overall.instances ? 'fail' : 'pass',
    faults,
    destroyed: told.destroyed,
    instances,
    overall,
    isPaidFirst,
    extrapolation: extrapolate(samples.length ? samples : [{ bytes: 0, seconds: 0 }], told.workers),
    conditions,
    notIncluded,
  }
}

/** Between a commit and the moment when somebody outside has its acknowledgement in hand, on a machine that is busy with all of this. */
const slackSeconds = 10

/** Of the first attempts, every paid one began before any free one. */
function paidFirst({ items }: RecoveryJournal): boolean {
  const begun = (plan: 'paid' | 'free') =>
    (items ?? []).flatMap((one) => (one.plan === plan && one.started ? [Date.parse(one.started)] : []))
  return Math.max(0, ...begun('paid')) <= Math.min(Infinity, ...begun('free'))
}

/** Keeps the report in the home that ordered the drill, and signs a record of it there. Gives its path. */
export function keepReport(host: Pick<Host, 'home' | 'keys'>, report: DrillReport): string {
  const folder = join(host.home.dir, 'drills')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, `${report.id}.json`)
  const text = `${JSON.stringify(report, null, 1)}\n`
  writeDurably(path, text, { mode: 0o600 })
  record(host, { ...observationOf(report), evidence: [{ name: 'report', sha256: sha256(text), where: `drills/${report.id}.json` }] })
  return path
}

function observationOf({ started, result, faults, overall, extrapolation, release, isPaidFirst }: DrillReport): Observation {
  const { fixedSeconds, bytesPerSecond, breaksAt } = extrapolation
  return {
    check: 'dr.drill',
    subject: { type: 'fleet', id: 'all' },
    scope: 'drill',
    commit: release,
    started: new Date(started),
    result,
    reason: faults.slice(0, 5).join(' '),
    measures: [
      { name: 'instances', value: overall.instances, unit: 'instances' },
      { name: 'instances_back', value: overall.back, unit: 'instances', limit: overall.instances, op: '>=' },
      { name: 'rpo_seconds', value: overall.rpoSeconds ?? -1, unit: 's', limit: limits.rpoSeconds, op: '<=' },
      { name: 'rto_seconds', value: overall.rtoSeconds ?? -1, unit: 's', limit: limits.rtoSeconds, op: '<=' },
      { name: 'paid_first', value: isPaidFirst ? 1 : 0, unit: 'bool', limit: 1, op: '>=' },
      { name: 'bytes', value: overall.bytes, unit: 'B' },
      { name: 'fixed_seconds', value: round(fixedSeconds), unit: 's' },
      ...(bytesPerSecond === null ? [] : [{ name: 'bytes_per_second', value: Math.round(bytesPerSecond), unit: 'B/s' }]),
      { name: 'fleet_at_8_hours', value: breaksAt.instances, unit: 'instances' },
    ],
  }
}

/** The report for people. */
export function reportText(report: DrillReport): string[] {
  const { overall, instances, extrapolation: e, destroyed } = report
  const rate = e.bytesPerSecond === null ? 'size made no difference' : `bytes / ${(e.bytesPerSecond / 1e6).toFixed(0)} MB/s`
  return [
    `Drill ${report.id}: ${report.result.toUpperCase()}. ${overall.back} of ${overall.instances} instances came back; lost at most ${told(overall.rpoSeconds)} of work, down for at most ${told(overall.rtoSeconds)}.`,
    `Destroyed: ${destroyed.processes} processes at once, ${destroyed.what}, the store ${destroyed.store}. Read from ${destroyed.storesLeft.join(', ')}.`,
    `${'instance'.padEnd(12)} plan  size      MB   lost (RPO)  set was  down (RTO)  restore  markers lost`,
    ...instances.map((one) =>
      [
        one.name.padEnd(12),
        one.plan,
        one.size.padEnd(6),
        (one.bytes / 1e6).toFixed(1).padStart(6),
        told(one.rpoSeconds).padStart(11),
        told(one.setAgeSeconds).padStart(8),
        told(one.rtoSeconds).padStart(11),
        told(one.restoreSeconds).padStart(8),
        `${one.lost} of ${one.acknowledged}`.padStart(13),
      ].join(' '),
    ),
    ...instances.flatMap(({ name, retried }) => retried.map((why) => `${name} was tried again: ${why}`)),
    ...report.faults.map((fault) => `FAULT: ${fault}`),
    report.isPaidFirst ? 'Every paid instance was begun before any free one.' : 'Paid instances did NOT come first.',
    `One restore took ${e.fixedSeconds.toFixed(2)} s + ${rate} (± ${e.errorSeconds.toFixed(2)} s, ${e.sizes} sizes, ${e.workers} at once).`,
    `At that rate 8 hours are enough for ${e.breaksAt.instances} such instances (${e.breaksAt.low} to ${e.breaksAt.high}), ${(e.breaksAt.bytes / 1e9).toFixed(0)} GB on a machine like this.`,
    ...report.conditions,
    `Not included: ${report.notIncluded.join('; ')}.`,
  ]
}

const told = (value: number | null): string => (value === null ? '-' : seconds(value))
const seconds = (value: number): string => `${value.toFixed(1)} s`
const round = (value: number): number => Math.round(value * 1000) / 1000
const worst = (values: readonly (number | null)[]): number | null =>
  values.reduce<number | null>((most, one) => (one === null ? most : Math.max(most ?? 0, one)), null)
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
