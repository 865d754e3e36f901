import assert from 'node:assert/strict'
import { randomInt, randomUUID } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { RunningErp4 } from '@erp4/testing'
import { makeKey } from './clients/json2.ts'
import { type People, makePeople } from './clients/wire.ts'
import { type Ledger, disagreements, makeOrder, newLedger, peopleOf, repeatUnanswered, write } from './crash/ledger.ts'
import { type KeyHolder, Unanswered, call, lane, post } from './crash/wire.ts'

// What was answered is there, what was not answered is there once or not at all, and nothing is half there: after kill -9 of any
// part, told by a ledger that the clients keep. ERP4 is started as a person starts it, and PostgreSQL syncs to the disk.

let erp4: RunningErp4
let people: People
let editor: KeyHolder

before(async () => {
  erp4 = await RunningErp4.start()
  people = await makePeople(erp4.instance('main'), 'crash')
  editor = { url: people.editor.url, key: await makeKey(people.editor, 'ledger') }
  const administrator = { url: editor.url, key: await makeKey(people.administrator, 'ledger') }
  await call(administrator, 'ir.sequence/create', { vals_list: [{ name: 'Ledger', code: 'ledger', prefix: 'L/', padding: 5 }] })
})
after(() => erp4?.remove())

/** Waits for a state that must come by itself. */
async function eventually<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  withinMs = 180_000,
  everyMs = 100,
): Promise<T> {
  const until = Date.now() + withinMs
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    assert.ok(Date.now() < until, `${what}, within ${withinMs} ms`)
    await pause(everyMs)
  }
}

const answersAgain = (): Promise<true> =>
  eventually('ERP4 answers writes again', () =>
    call(editor, 'ir.sequence/next_by_code', { sequence_code: 'nothing' }).then(
      () => true as const,
      (error: unknown) => {
        if (error instanceof Unanswered) return undefined
        throw error
      },
    ),
  )

/** Lets clients write while `blows` fall at random moments, one after the other, each when the one before has been got over. */
async function writeThrough(names: readonly string[], blows: readonly (() => Promise<void>)[]): Promise<Ledger> {
  const ledger = newLedger()
  const stop = new AbortController()
  const records = (await call(editor, 'res.partner/create', {
    vals_list: names.map((name) => ({ name: `Counter of ${name}`, ref: '0' })),
  })) as number[]
  const writers = names.map((name, i) => write(editor, ledger, { name, record: records[i]! }, stop.signal))
  const failed = Promise.all(writers)
  failed.catch(() => stop.abort())
  for (const blow of blows) {
    if (stop.signal.aborted) break
    const before = ledger.orders.filter(({ id }) => id !== undefined).length
    await eventually('clients are writing', () =>
      stop.signal.aborted || ledger.orders.filter(({ id }) => id !== undefined).length > before + 8 ? true : undefined,
    )
    await pause(randomInt(0, 400))
    await blow()
    await answersAgain()
  }
  stop.abort()
  await failed
  return ledger
}

async function killServer(): Promise<void> {
  const [server] = erp4.pids('serve')
  process.kill(server!, 'SIGKILL')
  await eventually('the supervisor starts another server', () => erp4.pids('serve').find((pid) => pid !== server))
}

async function killPostgres(): Promise<void> {
  const { postmaster } = erp4
  process.kill(postmaster!, 'SIGKILL')
  await eventually('the supervisor starts PostgreSQL again', () => (erp4.postmaster === postmaster ? undefined : erp4.postmaster))
}

/** The audit trail once the sealer has caught up: intact, and long enough for what was answered. */
async function demandIntactTrail(leastRows: number): Promise<void> {
  const look = async () => {
    const { code, out, err } = await erp4.command('audit', 'verify', '--instance', 'main')
    assert.equal(code, 0, out + err)
    return Number(/^(\d+) rows/.exec(out)?.[1]) >= leastRows ? true : undefined
  }
  // Each look is a process of its own; the sealer comes by every few seconds.
  await eventually('the sealer catches up', look, 60_000, 1_000)
}

/** Each takes what it kills some seconds to be back: one of each, and with `--long` a dozen. */
const blows = Array.from({ length: process.env['ERP4_LONG'] === '1' ? 12 : 2 }, (_none, i) => (i % 2 ? killPostgres : killServer))

test('kill -9 of the server and of PostgreSQL amid writes loses nothing answered, and leaves nothing half written', async (t) => {
  const ledger = await writeThrough(['Ann', 'Bob', 'Chun', 'Dora'], blows)
  const repeated = await repeatUnanswered(editor, ledger)
  assert.ok(ledger.unanswered > 0, 'no call was interrupted: the blows fell beside the work')
  assert.deepEqual(await disagreements(editor, ledger), [])
  t.diagnostic(
    `${ledger.orders.length} orders, ${ledger.numbers.length} numbers, ${ledger.unanswered} calls without an answer, ${repeated} orders repeated`,
  )
  await demandIntactTrail(ledger.orders.length * 4)

  // The ledger would tell: it is altered here as a loss, a double and half a write would alter what it is compared with.
  const there = ledger.orders.find(({ gone }) => gone === undefined)!
  const lost = { ...there, name: 'Never written', id: 2_000_000_000 }
  assert.equal((await disagreements(editor, { ...ledger, orders: [...ledger.orders, lost] })).length, 1)
  assert.equal((await disagreements(editor, { ...ledger, orders: ledger.orders.filter((one) => one !== there) })).length, 1)
  assert.equal((await disagreements(editor, { ...ledger, numbers: [...ledger.numbers, ledger.numbers[0]!] })).length, 1)
  const [person] = await call(editor, 'res.partner/search', { domain: [['name', '=', peopleOf(there.name)[0]]] })
  await call(editor, 'res.partner/unlink', { ids: [person] })
  assert.match((await disagreements(editor, ledger)).join(), /half written/)
})

test('a call repeated under its key after a crash is answered as before, and done once', async () => {
  const order = { name: 'Ordered once', key: randomUUID() }
  const id = await makeOrder(editor, order)
  await killServer()
  await answersAgain()
  assert.equal(await makeOrder(editor, order), id)
  await killPostgres()
  await answersAgain()
  assert.equal(await makeOrder(editor, order), id)
  assert.deepEqual(await call(editor, 'res.partner/search', { domain: [['name', '=', order.name]] }), [id])
  await assert.rejects(makeOrder(editor, { name: 'Another under the same key', key: order.key }), /Idempotency-Key/)
})

test('SIGTERM lets every call that has begun come to its answer, and carries out none without one', async () => {
  const list = (name: string, size: number) => ({
    vals_list: Array.from({ length: size }, (_, i) => ({ name: `${name} ${i}`, ref: name })),
  })
  const answered = new Set<string>()
  const slow = ['slow a', 'slow b', 'slow c'].map((name) =>
    call(editor, 'res.partner/create', list(name, 400)).then((ids) => ids.length as number),
  )
  const small: string[] = []
  let stopped = false
  const others = [1, 2].map(async (writer) => {
    for (let n = 0; !stopped; n++) {
      const name = `quick ${writer} ${n}`
      small.push(name)
      await call(editor, 'res.partner/create', list(name, 1)).then(
        () => answered.add(name),
        () => pause(20),
      )
    }
  })
  await eventually('quick calls are answered', () => (answered.size > 2 ? true : undefined))
  assert.equal(await erp4.end('SIGTERM'), 0)
  stopped = true
  assert.deepEqual(await Promise.all(slow), [400, 400, 400], 'what was under way is answered')
  await Promise.all(others)
  assert.ok(answered.size < small.length, 'nobody called while it stopped')
  assert.deepEqual(erp4.processes(), [])
  await erp4.startAgain()
  const rows = (await call(editor, 'res.partner/search_read', { domain: [['ref', '=like', 'quick%']], fields: ['ref'] })) as {
    ref: string
  }[]
  assert.deepEqual(rows.map(({ ref }) => ref).toSorted(), [...answered].toSorted())
})

test('kill -9 of the supervisor ends its services, and the next start goes on with the same data', async () => {
  const id = await makeOrder(editor, { name: 'Before the supervisor fell', key: randomUUID() })
  const services = [...erp4.pids('serve'), ...erp4.pids('work'), ...erp4.pids('seal')]
  assert.equal(services.length, 3)
  await erp4.end('SIGKILL')
  await eventually('the services end with their supervisor', () => (services.some(isAlive) ? undefined : true), 5_000)
  await assert.rejects(call(editor, 'res.partner/search', { domain: [] }), Unanswered)
  await erp4.startAgain()
  assert.deepEqual(await call(editor, 'res.partner/search', { domain: [['name', '=', 'Before the supervisor fell']] }), [id])
})

const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`)

/** Which server process holds the other end of the connection that has this port on our side. */
function serverOf(port: number): number | undefined {
  const server = Number(new URL(editor.url).port)
  const hex = (number: number) => number.toString(16).toUpperCase().padStart(4, '0')
  const row = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .find((cells) => cells[1]?.endsWith(`:${hex(server)}`) && cells[2]?.endsWith(`:${hex(port)}`))
  const socket = `socket:[${row?.[9]}]`
  return erp4.pids('serve').find((pid) => readdirSync(`/proc/${pid}/fd`).some((fd) => socketOf(pid, fd) === socket))
}

function socketOf(pid: number, fd: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`)
  } catch {
    return '' // closed between the two looks
  }
}

test('of two server processes each serves whoever signed in at the other, and forgets him at the same moment', async (t) => {
  await erp4.end()
  await erp4.startAgain({ processes: 2 })
  const { url, db, login, password } = people.editor
  const lanes = new Map<number, ReturnType<typeof lane>>()
  t.after(() => lanes.forEach((agent) => agent.destroy()))
  await eventually('the kernel deals connections to both processes', async () => {
    const agent = lane()
    const { port } = await post(`${url}/web/webclient/version_info`, { body: {}, agent })
    const server = serverOf(port)
    if (server === undefined || lanes.has(server)) agent.destroy()
    else lanes.set(server, agent)
    return lanes.size === 2 ? true : undefined
  })
  const [here, there] = [...lanes.values()]
  const signedIn = await post(`${url}/web/session/authenticate`, { body: { params: { db, login, password } }, agent: here! })
  const cookie = signedIn.cookies.map((one) => one.split(';')[0]).join('; ')
  const search = async (agent: ReturnType<typeof lane>) => {
    const params = { model: 'res.users', method: 'search_count', args: [[['login', '=', login]]], kwargs: {} }
    const { body } = await post(`${url}/web/dataset/call_kw`, { headers: { cookie }, body: { params }, agent })
    return body.result ?? body.error.code
  }
  assert.deepEqual([await search(here!), await search(there!)], [1, 1])
  await post(`${url}/web/session/destroy`, { headers: { cookie }, body: { params: {} }, agent: there! })
  assert.deepEqual([await search(here!), await search(there!)], [100, 100])
})
