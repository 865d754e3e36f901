import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { RunningErp4, type RunningInstance } from '@erp4/testing'
import { makeKey } from './clients/json2.ts'
import { post, RpcError, signIn } from './clients/wire.ts'

// The life of an instance behind real servers, two of them, as an operator leads it by the command line while people use it.

let erp4: RunningErp4
let main: RunningInstance

before(async () => {
  erp4 = await RunningErp4.start({ processes: 2 })
  main = erp4.instance('main')
})
after(() => erp4?.remove())

/** Runs a command that must work, and reads its answer. */
async function run(...args: readonly string[]): Promise<any> {
  const { code, out, err } = await erp4.command('instance', ...args)
  assert.equal(code, 0, err)
  return out.startsWith('{') || out.startsWith('[') ? JSON.parse(out) : undefined
}

/** 0: nobody listens there. */
async function page(url: string): Promise<{ status: number; body: string }> {
  try {
    const response = await fetch(`${url}/web/login`, { headers: { accept: 'text/html', connection: 'close' } })
    return { status: response.status, body: await response.text() }
  } catch {
    return { status: 0, body: '' }
  }
}

/** Both processes answer with one of these, time after time: each connection goes to either of them. */
async function everywhere(url: string, statuses: readonly number[], withinMs = 120_000): Promise<void> {
  const until = Date.now() + withinMs
  for (let inRow = 0; inRow < 12;) {
    const { status } = await page(url)
    inRow = statuses.includes(status) ? inRow + 1 : 0
    assert.ok(inRow > 0 || Date.now() < until, `${status} after ${withinMs} ms`)
    if (inRow === 0) await pause(50)
  }
}

test('within seconds of "suspend" no process serves the instance any more, and all of it is back after "resume"', async () => {
  const { call } = await signIn(main)
  const key = await makeKey(main, 'life')
  await run('suspend', 'main')
  await everywhere(main.url, [503])
  await assert.rejects(call('res.partner', 'search_count', [[]]), (error) => error instanceof RpcError && /suspended/.test(error.message))
  const answer = await fetch(`${main.url}/json/2/res.partner/search_count`, {
    method: 'POST',
    headers: { authorization: `bearer ${key}`, 'content-type': 'application/json' },
    body: '{}',
  })
  assert.equal(answer.status, 503)
  assert.equal((await page(erp4.instance('demo').url)).status, 200)
  await run('resume', 'main')
  await everywhere(main.url, [200])
  assert.ok((await call('res.partner', 'search_count', [[]])) > 0, 'the session goes on')
})

test('a field that people make is there at both servers when the answer comes, in a copy too, and no upgrade would take it away', async () => {
  const { call } = await signIn(main)
  const [model] = (await call('ir.model', 'search', [[['model', '=', 'res.partner']]])) as [number]
  const definition = { name: 'x_gate', model_id: model, ttype: 'many2one', relation: 'res.country', field_description: 'Gate' }
  await call('ir.model.fields', 'create', [definition])
  const [country] = (await call('res.country', 'search', [[]], { limit: 1 })) as [number]
  const partner = (await call('res.partner', 'create', [{ name: 'Gated', x_gate: country }])) as number
  // Each connection goes to either process.
  for (let i = 0; i < 12; i++) {
    const one = await signIn(main)
    assert.equal(await one.call('res.partner', 'search_count', [[['x_gate', '=', country]]]), 1)
  }
  const { code, out, err } = await erp4.command('migrate', '--plan', 'main')
  assert.equal(code, 0, err)
  assert.doesNotMatch(out, /x_gate/)
  const copy = (await run('duplicate', 'main', 'main-gated', '--json')) as { url: string }
  await everywhere(copy.url, [200])
  const copied = await signIn({ ...main, ...copy, db: 'main-gated' })
  const [row] = (await copied.call('res.partner', 'read', [[partner], ['x_gate']])) as [{ x_gate: [number, string] }]
  assert.equal(row.x_gate[0], country)
  await run('delete', 'main-gated', '--confirm', 'main-gated', '--now')
})

test('a copy says that it is one, takes the passwords of its original and none of its keys or sessions, and neither changes the other', async () => {
  const { call, cookie } = await signIn(main)
  const key = await makeKey(main, 'before the copy')
  const letter = { name: 'letter.txt', datas: Buffer.from('dear Azure').toString('base64') }
  const attachment = (await call('ir.attachment', 'create', [letter])) as number
  const azure = (await call('res.partner', 'create', [{ name: 'Azure' }])) as number
  const copy = (await run('duplicate', 'main', 'main-copy', '--json')) as { url: string; expires: string }
  const there = { ...main, ...copy, db: 'main-copy' }
  await everywhere(there.url, [200])
  assert.match((await page(there.url)).body, /class="banner">Copy of main, made on 20\d\d-\d\d-\d\d\. .*It is removed on/)
  assert.doesNotMatch((await page(main.url)).body, /class="banner"/)

  const copied = await signIn(there)
  const read = (who: typeof call) => who('ir.attachment', 'read', [[attachment], ['datas']])
  assert.deepEqual(await read(copied.call), await read(call), 'files open with the key of the copy')
  assert.equal(await copied.call('res.users.apikeys', 'search_count', [[]]), 0)
  await assert.rejects(post(there.url, '/web/session/get_session_info', {}, { cookie }), /Session expired/)
  const used = await fetch(`${there.url}/json/2/res.partner/search_count`, {
    method: 'POST',
    headers: { authorization: `bearer ${key}`, 'content-type': 'application/json' },
    body: '{}',
  })
  assert.equal(used.status, 401)

  await copied.call('res.partner', 'write', [[azure], { name: 'Bakery' }])
  assert.deepEqual(await call('res.partner', 'read', [[azure], ['name']]), [{ id: azure, name: 'Azure' }])
  await call('res.partner', 'unlink', [[azure]])
  assert.equal(await copied.call('res.partner', 'search_count', [[['id', '=', azure]]]), 1)

  await run('delete', 'main-copy', '--confirm', 'main-copy', '--now')
  await everywhere(there.url, [404, 0])
  assert.deepEqual(await read(call), [{ id: attachment, datas: letter.datas }], 'the original keeps its files')
})

test('a deleted instance is gone for everybody after its final backup, and comes back as it was', async () => {
  const { call } = await signIn(main)
  await call('res.partner', 'create', [{ name: 'The last one' }])
  await run('delete', 'main', '--confirm', 'main')
  await everywhere(main.url, [404, 0])
  await run('undelete', 'main')
  await everywhere(main.url, [200])
  assert.equal(await call('res.partner', 'search_count', [[['name', '=', 'The last one']]]), 1)
  const kinds = ((await run('operations', 'main', '--json')) as { kind: string; result: string }[]).map(({ kind, result }) => [
    kind,
    result,
  ])
  assert.deepEqual(kinds.slice(0, 3), [
    ['undelete', 'done'],
    ['backup', 'done'],
    ['delete', 'done'],
  ])
})
