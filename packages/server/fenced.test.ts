import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { fastify, type FastifyInstance } from 'fastify'
import { holdFenced } from './fenced.ts'
import { recordOf } from './fixtures/doors.ts'
import type { Hosting } from './hosting.ts'
import { Instances } from './instance.ts'

function world(patienceMs: number) {
  const state = { record: recordOf('azure') }
  const hosting: Hosting = {
    find: (host) => (host === 'azure.example.com' ? state.record : undefined),
    connect: () => Promise.reject(new Error('no database answers here')),
    markActive: async () => {},
    keys: () => ({ derive: () => Buffer.alloc(32, 1) }),
  }
  const instances = new Instances({ hosting, registryFor: () => ({}) as never, filesFor: () => ({}) as never })
  const http = fastify() as unknown as FastifyInstance
  http.decorateRequest('instance')
  http.addHook('onRequest', async (request) => void (request.instance = instances.byHost('azure.example.com')!))
  holdFenced(http, instances, patienceMs)
  const config = { access: 'public', forgery: 'harmless' } as never
  for (const url of ['/', '/healthz']) http.route({ method: 'GET', url, config, handler: async (request) => request.instance.database })
  const ask = async (url = '/') => http.inject({ url, headers: { host: 'azure.example.com' } })
  return { state, ask }
}

test('a request for a fenced instance waits, and is answered by the generation that takes its place', async () => {
  const { state, ask } = world(300_000)
  assert.equal((await ask()).body, 'i_azure_g1')
  state.record = recordOf('azure', { isFenced: true })
  const waiting = ask()
  assert.equal((await ask('/healthz')).statusCode, 200)
  assert.equal(await Promise.race([waiting, pause(100, 'it waits')]), 'it waits')
  state.record = recordOf('azure', { generation: 2, database: 'i_azure_g2' })
  const { statusCode, body } = await waiting
  assert.deepEqual([statusCode, body], [200, 'i_azure_g2'])
})

test('after a restore that was given up, it is answered by the generation that was there', async () => {
  const { state, ask } = world(300_000)
  state.record = recordOf('azure', { isFenced: true })
  const waiting = ask()
  state.record = recordOf('azure')
  assert.equal((await waiting).body, 'i_azure_g1')
})

test('whoever would wait too long is told to come again', async () => {
  const { state, ask } = world(60)
  state.record = recordOf('azure', { isFenced: true })
  const { statusCode, headers } = await ask()
  assert.deepEqual([statusCode, headers['retry-after']], [503, '2'])
})
