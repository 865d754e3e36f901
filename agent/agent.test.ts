import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { heartbeatOf, listAlarms, startThrowawayCluster, type Throwaway } from '@erp4/ops'
import { Agent, type AgentOrder } from './agent.ts'
import { readJournal } from './journal.ts'
import { keyOf, type Task } from './schedule.ts'

let world: Throwaway
before(async () => {
  world = await startThrowawayCluster({ own: true })
})
after(() => world.stop())

/** An agent that does nothing by itself, with what it was asked and told. */
function agent(change: Partial<AgentOrder> = {}) {
  const asked: Task[] = []
  const told: string[] = []
  const order: AgentOrder = {
    host: world.host,
    mail: undefined,
    settleMs: 0,
    tell: (line) => void told.push(line),
    ...change,
    perform: async (task, signal) => {
      asked.push(task)
      return change.perform?.(task, signal)
    },
  }
  return { agent: new Agent(order), asked, told }
}

const forget = () => writeFileSync(join(world.host.home.dir, 'agent', 'journal.json'), 'half a li')

test('the agent does one thing at a time, notes each, and is done when nothing is due', async () => {
  let atOnce = 0
  const { agent: one, asked } = agent({
    perform: async () => {
      assert.equal(++atOnce, 1)
      await pause(5)
      atOnce--
    },
  })
  for (let round = 0; round < 12; round++) {
    await Promise.all([one.decide(), one.decide()])
    await one.idle()
  }
  const kinds = ['finish', 'prune eu-1', 'prune us-1', 'prune ap-1', 'scrub eu-1', 'scrub us-1', 'scrub ap-1', 'testify', 'mail']
  assert.deepEqual(asked.map(keyOf), kinds)
  assert.deepEqual(Object.keys(readJournal(world.host.home)).sort(), kinds.sort())
})

test('a task that fails is noted, told, and does not keep others waiting; a damaged journal is as good as none', async () => {
  forget()
  const {
    agent: one,
    asked,
    told,
  } = agent({
    perform: (task) => (keyOf(task) === 'prune eu-1' ? Promise.reject(new Error('the store is away')) : Promise.resolve()),
  })
  for (let round = 0; round < 12; round++) {
    await one.decide()
    await one.idle()
  }
  assert.equal(asked.length, 9)
  const past = readJournal(world.host.home)['prune eu-1']!
  assert.deepEqual([past.ok, past.failures], [false, 1])
  assert.ok(told.includes('prune eu-1: failed: the store is away'))
  await one.decide(new Date(Date.now() + 6 * 60_000))
  await one.idle()
  assert.equal(keyOf(asked.at(-1)!), 'prune eu-1')
  assert.equal(readJournal(world.host.home)['prune eu-1']!.failures, 2)
})

test('while a task runs the agent decides to wait, and says so', async () => {
  forget()
  const gate = Promise.withResolvers<void>()
  const { agent: one } = agent({ perform: () => gate.promise })
  await one.decide()
  const later = new Date(Date.now() + 60_000)
  await one.decide(later)
  assert.deepEqual(heartbeatOf(world.host.home), { decided: later.toISOString(), pid: process.pid, doing: ['finish'] })
  gate.resolve()
  await one.idle()
})

test('a task that takes too long is ended; while one that cannot be ended hangs, the heartbeat stops', async () => {
  forget()
  const gate = Promise.withResolvers<void>()
  let isAborted = false
  const { agent: one } = agent({
    perform: async (_task, signal) => {
      signal.addEventListener('abort', () => (isAborted = true))
      await gate.promise
    },
  })
  await one.decide()
  await one.decide(new Date(Date.now() + 6.1 * 3_600_000))
  assert.ok(isAborted)
  const last = heartbeatOf(world.host.home)!.decided
  await one.decide(new Date(Date.now() + 7 * 3_600_000))
  assert.equal(heartbeatOf(world.host.home)!.decided, last)
  gate.resolve()
  await one.idle()
})

test('stopping ends what is under way, and it is due again at the next start', async () => {
  forget()
  const { agent: one, asked } = agent({
    tickMs: 10,
    alarmMs: 60_000,
    perform: (_task, signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('ended')))),
  })
  one.start()
  while (asked.length === 0) await pause(5)
  await one.stop()
  assert.deepEqual(readJournal(world.host.home), {})
  const { agent: next, asked: again } = agent()
  await next.decide()
  await next.idle()
  assert.equal(keyOf(again[0]!), keyOf(asked[0]!))
})

test('with PostgreSQL down nothing is decided, the alarm is up, and the agent goes on when it is back', async () => {
  const { agent: one, told, asked } = agent({ tickMs: 20, alarmMs: 20 })
  await one.decide()
  await one.idle()
  const before = heartbeatOf(world.host.home)!.decided
  await world.cluster.stop('immediate')
  one.start()
  while (!listAlarms(world.host.home).some(({ name }) => name === 'registry_down')) await pause(20)
  assert.equal(heartbeatOf(world.host.home)!.decided, before)
  await world.cluster.start()
  while (listAlarms(world.host.home).some(({ name }) => name === 'registry_down')) await pause(20)
  while (heartbeatOf(world.host.home)!.decided <= before || asked.length === 0) await pause(20)
  await one.stop()
  assert.ok(heartbeatOf(world.host.home)!.decided > before)
  assert.ok(told.some((line) => line.startsWith('ALARM registry_down')))
  assert.ok(asked.length > 0)
})

test('the outside is told while all is well, and not while an alarm is up', async () => {
  let pings = 0
  const server = createServer((_request, response) => {
    pings++
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { agent: one } = agent({ pingUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` })
  await one.decide()
  await one.idle()
  await one.watch()
  assert.deepEqual([listAlarms(world.host.home), pings], [[], 1])
  await one.watch(new Date(Date.now() + 3_600_000))
  assert.deepEqual([listAlarms(world.host.home).map(({ name }) => name), pings], [['scheduler_silent'], 1])
  await new Promise((resolve) => server.close(resolve))
})
