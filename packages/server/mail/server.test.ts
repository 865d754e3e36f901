import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { createServer } from 'node:net'
import { after, test } from 'node:test'
import { administrator, employee } from '@erp4/base'
import { mail } from '@erp4/mail'
import { AccessError, ValidationError, prepareCall, sql } from '@erp4/orm'
import { mailServerOf, preparers } from '@erp4/server'
import { smtpSink, world } from '@erp4/testing'
import { mailServerAsked } from '../client/mail-test.ts'
import { tryMailSettings } from './mailer.ts'
import { isInside, sealPassword } from './server.ts'

const here = await world(mail)
const root = await here.person(administrator)
const ann = await here.person(employee)
const keysOf = (name: string) => ({ derive: (purpose: string) => createHmac('sha256', name).update(purpose).digest() })
const keys = keysOf('azure')
const sink = await smtpSink()
after(() => sink.close())

const settings = (mayBeInside: boolean, from = keys) => mailServerOf(here.databases, here, { keys: from, mayBeInside })
const only = async (values: Record<string, unknown>) => {
  await root
    .model('ir.mail_server')
    .search([])
    .then((all) => all.unlink())
  return root.call(async (env) => {
    const instance = {
      name: 'azure',
      database: here.database,
      keys,
      markActive: async () => {},
      record: { origin: 'https://azure.example' },
      expandGroups: () => new Set<string>(),
    }
    const call = await prepareCall(
      here.registry,
      { model: 'ir.mail_server', method: 'create', args: [{ name: 'Ours', ...values }], kwargs: {} },
      preparers(instance, here.databases),
    )
    return (await env.model('ir.mail_server').create(call.args[0] as never)).ids[0]!
  })
}

test('a mail server’s password is kept sealed, for this instance alone, and read by nobody', async () => {
  const id = await only({ smtp_host: 'localhost', smtp_user: 'ann', smtp_pass: 'open sesame', smtp_encryption: 'starttls' })
  const [row] = await here.databases.use(here.database, (cx) =>
    cx.query<{ all: string }>(sql`select to_json(s)::text as all from ir_mail_server s`),
  )
  assert.doesNotMatch(row!.all, /sesame/)
  assert.equal((await root.model('ir.mail_server').browse([id]).read(['smtp_port']))[0]!.smtp_port, 587)
  const [trail] = await here.databases.use(here.database, (cx) =>
    cx.query<{ all: string }>(sql`select string_agg(change::text, '') as all from audit_in where model = 'ir.mail_server'`),
  )
  assert.doesNotMatch(trail!.all, /sesame|smtp_pass": "1\./)
  assert.deepEqual((await settings(true))!.auth, { user: 'ann', pass: 'open sesame' })
  await assert.rejects(settings(true, keysOf('lime')), /enter it again/)
  assert.notEqual(sealPassword(keys, 'x'), sealPassword(keys, 'x'))
})

test('only administrators see or set it', async () => {
  await assert.rejects(ann.model('ir.mail_server').find([], ['smtp_host']), AccessError)
  await assert.rejects(ann.model('ir.mail_server').create({ name: 'Hers', smtp_host: 'evil.example' }), AccessError)
  for (const wrong of [
    { smtp_host: 'a b' },
    { smtp_host: 'x\r\nHELO' },
    { smtp_host: 'x', smtp_port: 70_000 },
    { smtp_host: 'x', smtp_encryption: 'none', smtp_user: 'u' },
  ])
    await assert.rejects(root.model('ir.mail_server').create({ name: 'Wrong', ...wrong } as never), ValidationError)
  assert.equal(await root.model('ir.mail_server').count([]), 1)
})

test('only who may change a mail server has it tried', async () => {
  const id = await only({ smtp_host: '127.0.0.1', smtp_encryption: 'none', smtp_port: sink.port })
  await assert.rejects(
    ann.call((env) => mailServerAsked(env, { id })),
    AccessError,
  )
  for (const wrong of [id + 1, 0, -1, 2 ** 40, '1', null, undefined])
    await assert.rejects(
      root.call((env) => mailServerAsked(env, { id: wrong })),
      AccessError,
    )
  assert.equal((await root.call((env) => mailServerAsked(env, { id }))).row.smtp_port, sink.port)
})

test('a server of the inside network is refused, however its address is written, unless the operator allows it', async () => {
  for (const smtp_host of ['127.0.0.1', 'localhost', '169.254.169.254', '10.1.2.3', '192.168.0.1', '0.0.0.0', '2130706433', '0x7f.1']) {
    await only({ smtp_host, smtp_encryption: 'none' })
    await assert.rejects(settings(false), /inside network|no host named/, smtp_host)
  }
  for (const address of ['::1', '::', '::ffff:127.0.0.1', '::ffff:7f00:1', 'fe80::1', 'fd00::1', '64:ff9b::7f00:1', '100.64.0.1'])
    assert.ok(isInside(address), address)
  for (const address of ['1.1.1.1', '2606:4700::1111', '172.32.0.1']) assert.ok(!isInside(address), address)
  await only({ smtp_host: '127.0.0.1', smtp_encryption: 'none', smtp_port: sink.port })
  assert.equal((await settings(true))!.port, sink.port)
})

test('a try really connects, and says what failed', async () => {
  await only({ smtp_host: '127.0.0.1', smtp_encryption: 'none', smtp_port: sink.port })
  assert.equal(await tryMailSettings((await settings(true))!), null)
  await only({ smtp_host: '127.0.0.1', smtp_encryption: 'starttls', smtp_port: sink.port })
  assert.match((await tryMailSettings((await settings(true))!))!, /does not offer STARTTLS here \(5\d\d .*Choose another encryption/)
  assert.match((await tryMailSettings((await settings(true))!, 'ko_KR'))!, /STARTTLS를 지원하지 않습니다/)
  const closed = createServer()
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve))
  const { port } = closed.address() as { port: number }
  await new Promise((resolve) => closed.close(resolve))
  await only({ smtp_host: '127.0.0.1', smtp_encryption: 'none', smtp_port: port })
  assert.match((await tryMailSettings((await settings(true))!))!, /could not be used: .*ECONNREFUSED/)
  assert.equal(sink.mails.length, 0)
})
