import { setPriority } from 'node:os'
import type { Task } from '@erp4/agent'
import {
  alarmMailOf,
  Cluster,
  certifyShreddings,
  dropOldGenerations,
  dueDeletions,
  finishBackups,
  finishDeletion,
  finishInterrupted,
  Host,
  HostKeys,
  OpsError,
  openHome,
  proveSet,
  pruneLocation,
  record,
  rehearse,
  repair,
  runBackup,
  scrub,
  sweepDownloads,
  sweepFetched,
  sweepScratch,
  testAlarmMail,
  testify,
  type Home,
  type Rehearsal,
} from '@erp4/ops'
import { answerOnce } from './child.ts'
import { rehearsalTasks } from './erp-tasks.ts'
import { finishers, tellFinished } from './finishers.ts'
import { askChild } from './supervisor.ts'
import { say } from './terminal.ts'

interface Job {
  home: string
  task: Task
}

/** What a job has to tell the agent. */
type Done = { bytes?: number }

/** Plain bytes a second that a scheduled backup reads, so that people go on working (cloud.md §5). */
const backupBytesPerSecond = 50e6

/** Does a task of the agent in a process of its own: what moves data must be able to end badly without taking the agent along (cloud.md F2). */
export const askJob = (home: Home, task: Task, signal: AbortSignal): Promise<Done> =>
  askChild(home, { name: 'job', command: ['job'], access: () => ({ home: home.dir, task }) satisfies Job }, signal) as Promise<Done>

/** The command `job`, which only the agent runs. */
export const runJob = (): Promise<void> =>
  answerOnce(async (question) => {
    const { home: folder, task } = question as Job
    setPriority(10)
    const home = openHome(folder)
    const host = new Host(home, new Cluster(home), HostKeys.open(home))
    try {
      return (await perform(host, task)) ?? {}
    } finally {
      await host.close()
    }
  })

async function perform(host: Host, task: Task): Promise<Done | void> {
  switch (task.kind) {
    case 'finish':
      return finish(host)
    case 'backup':
      await runBackup(host, task.name, { class: task.class, bytesPerSecond: backupBytesPerSecond })
      return
    case 'prove':
      return prove(host, task.set)
    case 'repair':
      return demandWhole((await repair(host)).troubles)
    case 'prune':
      await pruneLocation(host, task.location)
      return
    case 'scrub':
      return readBack(host, task.location, task.bytes)
    case 'delete': {
      const instance = (await dueDeletions(host)).find(({ name }) => name === task.name)
      if (instance) await finishDeletion(host, instance)
      return
    }
    case 'testify':
      await testify(host)
      certifyShreddings(host)
      return
    case 'mail':
      return testAlarmMail(host, alarmMailOf(process.env))
    case 'rehearse':
      return demandRehearsed(await rehearse(host, rehearsalTasks(host)))
  }
}

/** What killed processes left; somebody's own work under way is left to him. */
async function finish(host: Host): Promise<void> {
  for (const one of await finishInterrupted(host, finishers)) if (one.result !== 'interrupted') say(tellFinished(one))
  for (const { set, result, error } of await finishBackups(host))
    say(`The interrupted backup ${set} is ${result}${error ? `: ${error}` : ''}.`)
  sweepScratch(host.home)
  sweepFetched(host.home)
  sweepDownloads(host.home)
  for (const name of await dropOldGenerations(host)) say(`${name} went: its restore can no longer be undone.`)
}

async function prove(host: Host, set: string): Promise<Done> {
  const { result, reason, databaseBytes, location } = await proveSet(host, set)
  if (result !== 'pass')
    throw new OpsError(result === 'fail' ? 'set_damaged' : 'store_failed', `The set ${set}, read from ${location}: ${reason}`)
  return { bytes: databaseBytes }
}

/** Leaves a record of what was read, healed, and could not be healed. */
async function readBack(host: Host, location: string, bytesBudget: number): Promise<void> {
  const started = new Date()
  const { sets, bytes, healed, troubles } = await scrub(host, { location, bytesBudget })
  record(host, {
    check: 'stores.scrub',
    subject: { type: 'location', id: location },
    started,
    result: troubles.length ? 'fail' : 'pass',
    reason: troubles
      .slice(0, 5)
      .map(({ set, says }) => `${set}: ${says}`)
      .join(' '),
    measures: [
      { name: 'sets', value: sets, unit: 'sets' },
      { name: 'bytes', value: bytes, unit: 'B' },
      { name: 'healed', value: healed.length, unit: 'copies' },
    ],
  })
  demandWhole(troubles)
}

function demandRehearsed({ set, rehearsed }: Rehearsal): void {
  const failed = rehearsed.find(({ result }) => result !== 'pass')
  if (failed) throw new OpsError('set_damaged', `The ${failed.check} with the set ${set} did not pass: ${failed.reason}`)
}

function demandWhole(troubles: readonly { set: string; location: string; says: string }[]): void {
  const [first] = troubles
  if (first) throw new OpsError('store_failed', `${troubles.length} copies are not whole; ${first.set} in ${first.location}: ${first.says}`)
}
