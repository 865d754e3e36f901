import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once, type EventEmitter } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { SMTPServer } from 'smtp-server'
import { ValidationError, type Databases } from '@erp4/orm'
import pg from 'pg'
import { FileStore } from '../files/store.ts'
import { html } from '../html/index.ts'
import type { WorkInstance } from '../jobs/registry.ts'
import { blobTable } from '../sql/files.ts'
import { forgetMail, outboxAttachmentTable, outboxTable } from '../sql/outbox.ts'
import { startCluster, type ThrowawayCluster, type ThrowawayInstance } from '@erp4/testing'
import { lettersOf } from './letters.ts'
import { Mailer, type MailerOptions, type MailSettings } from './mailer.ts'
import { resendMail, sendMail, type Mail } from './outbox.ts'
import { openBody } from './sealed.ts'
import { fillTemplate } from './template.ts'

let cluster: ThrowawayCluster
before(async () => void (cluster = await startCluster()))
after(() => cluster.stop())

const keys = { derive: (purpose: string) => createHash('sha256').update(purpose).digest() }

interface Arrived {
  to: string[]
  text: string
}

interface Tested {
  after(work: () => Promise<void>): void
}

type Done = (error?: Error | null) => void

/** What the tests use of smtp-server's options. */
interface Behaviour {
  onRcptTo?: (to: { address: string }, session: unknown, done: Done) => void
  onData?: (stream: Readable, session: { envelope: { rcptTo: { address: string }[] } }, done: Done) => void
}

const Smtp = SMTPServer as unknown as new (options: Behaviour & Record<string, unknown>) => EventEmitter & {
  server: Server
  listen(port: number, host: string): void
  close(done: () => void): void
}

/** A real SMTP server on the loopback. */
async function mailbox(t: Tested, options: Behaviour & { beforeOk?: () => Promise<void> } = {}) {
  const arrived: Arrived[] = []
  const server = new Smtp({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    logger: false,
    onData: (stream, session, done) => {
      stream.toArray().then(async (parts) => {
        await options.beforeOk?.()
        arrived.push({ to: session.envelope.rcptTo.map((one) => one.address), text: Buffer.concat(parts as Buffer[]).toString() })
        done()
      }, done)
    },
    ...options,
  })
  server.on('error', () => undefined) // Clients that are killed.
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  t.after(() => new Promise<void>((resolve) => server.close(() => resolve())))
  const settings: MailSettings = { host: '127.0.0.1', port: (server.server.address() as AddressInfo).port, tls: 'none' }
  return { arrived, settings, close: () => new Promise<void>((resolve) => server.close(() => resolve())) }
}

interface World {
  instance: ThrowawayInstance
  here: WorkInstance
  databases: Databases
  store: FileStore
  errors: unknown[]
  send(mail?: Partial<Mail>): Promise<number>
  row(id: number): Promise<Record<string, any>>
  mailer(settings: MailSettings, options?: Partial<MailerOptions>): Mailer
  visit(mailer: Mailer): Promise<Date | null>
}

async function world(t: Tested): Promise<World> {
  const instance = await cluster.instance([blobTable, outboxTable, outboxAttachmentTable])
  const databases = instance.databases('runtime')
  const folder = await mkdtemp(join(tmpdir(), 'erp4-mail-'))
  const store = new FileStore({ folder, instance: 'azure', keys: { name: randomBytes(32), wrap: randomBytes(32) } })
  t.after(async () => {
    await databases.close()
    await rm(folder, { recursive: true })
  })
  const here = { name: 'azure', database: instance.database }
  const errors: unknown[] = []
  return {
    instance,
    here,
    databases,
    store,
    errors,
    send: (mail) => databases.transaction(instance.database, (cx) => sendMail(cx, keys, { ...letter, ...mail })),
    row: async (id) => (await instance.rows('select * from outbox where id = $1', [id]))[0]!,
    mailer: (settings, options) =>
      new Mailer({
        databases,
        settings: async () => settings,
        kindOf: async () => 'live',
        files: () => store,
        keys: () => keys,
        onError: (error) => void errors.push(error),
        ...options,
      }),
    visit: async (mailer) => {
      const next = await mailer.visit(here)
      await mailer.idle()
      return next
    },
  }
}

const letter: Mail = {
  from: { name: 'Azure', address: 'sales@azure.example' },
  to: [{ name: 'Ann', address: 'ann@example.com' }],
  subject: 'Your order',
  text: 'Thank you.',
}

const headersOf = ({ text }: Arrived) =>
  text
    .slice(0, text.indexOf('\r\n\r\n'))
    .replaceAll(/\r\n[ \t]+/g, ' ')
    .split('\r\n')
const header = (mail: Arrived, name: string) =>
  headersOf(mail)
    .find((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
    ?.slice(name.length + 1)
    .trim()

test('a mail arrives with all its parts, and its row says so', async (t) => {
  const there = await world(t)
  const box = await mailbox(t)
  const id = await there.databases.transaction(there.here.database, async (cx) => {
    const blob = await there.store.put(cx, Buffer.from('%PDF-1.7 the order'))
    return sendMail(cx, keys, {
      ...letter,
      cc: [{ address: 'bob@bücher.example' }],
      replyTo: { address: 'desk@azure.example' },
      subject: 'Ihre Bestellung: 가나다',
      language: 'de-DE',
      html: html`<p>Thank <b>you</b>, ${'<Ann>'}.</p>`,
      attachments: [{ name: 'Auftrag "가".pdf', blob }],
    })
  })
  assert.equal(await there.visit(there.mailer(box.settings)).then((at) => at!.getTime() <= Date.now()), true)
  const [mail] = box.arrived
  // smtp-server shows domains in Unicode; on the wire and in the row they are ASCII.
  assert.deepEqual(mail!.to, ['ann@example.com', 'bob@bücher.example'])
  assert.equal(header(mail!, 'From'), 'Azure <sales@azure.example>')
  assert.equal(header(mail!, 'To'), 'Ann <ann@example.com>')
  assert.equal(header(mail!, 'Reply-To'), 'desk@azure.example')
  assert.equal(header(mail!, 'Content-Language'), 'de-DE')
  assert.match(header(mail!, 'Subject')!, /^=\?UTF-8\?/)
  assert.match(mail!.text, /&lt;Ann&gt;/)
  assert.match(mail!.text, /Content-Type: application\/pdf/)
  assert.ok(mail!.text.includes(Buffer.from('%PDF-1.7 the order').toString('base64')))
  const row = await there.row(id)
  assert.deepEqual(row.cc, [{ address: 'bob@xn--bcher-kva.example' }])
  assert.deepEqual([row.state, row.error, header(mail!, 'Message-ID')], ['sent', null, row.message_id])
  assert.match(row.message_id, /^<[0-9a-f-]{36}@azure\.example>$/)
})

test('what a mail says is read by nobody but its instance while it waits, and forgotten when it is sent', async (t) => {
  const there = await world(t)
  const box = await mailbox(t)
  const secret = 'https://azure.example/portal/open/0123456789abcdefghij'
  const [id, other] = [await there.send({ text: `Look: ${secret}`, html: html`<p>${secret}</p>` }), await there.send()]
  const kept = async () => JSON.stringify(await there.instance.rows("select o::text, encode(sealed, 'escape') as clear from outbox o"))
  assert.doesNotMatch(await kept(), /0123456789abcdefghij|portal\/open/)
  const { sealed, message_id } = await there.row(id)
  assert.match(openBody(keys, message_id, sealed)!.text, /0123456789abcdefghij/)
  const elsewhere = { derive: (purpose: string) => createHash('sha256').update(`lime ${purpose}`).digest() }
  const altered = Buffer.from(sealed).fill(1, 20, 21)
  for (const [theirs, name, bytes] of [
    [elsewhere, message_id, sealed],
    [keys, (await there.row(other)).message_id, sealed],
    [keys, message_id, altered],
    [keys, message_id, Buffer.alloc(3)],
  ] as const)
    assert.equal(openBody(theirs, name, bytes), null)
  assert.notEqual(
    openBody({ ...elsewhere, others: (purpose) => [keys.derive(purpose)] }, message_id, sealed),
    null,
    'another version of the key',
  )
  await there.visit(there.mailer(box.settings))
  assert.match(box.arrived[0]!.text, /0123456789abcdefghij/)
  assert.equal((await there.row(id)).sealed, null)
})

test('a mail that was sealed elsewhere is not sent, and says so', async (t) => {
  const there = await world(t)
  const box = await mailbox(t)
  const id = await there.send()
  const other = { derive: (purpose: string) => createHash('sha256').update(`lime ${purpose}`).digest() }
  await there.visit(there.mailer(box.settings, { keys: () => other }))
  const { state, error } = await there.row(id)
  assert.deepEqual([state, box.arrived.length], ['failed', 0])
  assert.match(error, /sealed with a key that is not here/)
})

test('a mail of a transaction that rolled back is never sent', async (t) => {
  const there = await world(t)
  await assert.rejects(
    there.databases.transaction(there.here.database, async (cx) => {
      await sendMail(cx, keys, letter)
      throw new Error('no')
    }),
  )
  assert.deepEqual(await there.instance.rows('select * from outbox'), [])
})

for (const [what, mail] of [
  ['a line break in an address', { to: [{ address: 'a@x.example\r\nBcc: evil@z.example' }] }],
  ['a line break in a name', { to: [{ name: 'Ann\r\nBcc: evil@z.example', address: 'a@x.example' }] }],
  ['a line separator in a name', { to: [{ name: 'Ann\u2028Bcc: evil@z.example', address: 'a@x.example' }] }],
  ['two addresses in one', { to: [{ address: 'a@x.example, evil@z.example' }] }],
  ['an address with its name', { to: [{ address: 'Ann <evil@z.example>' }] }],
  ['a group', { to: [{ address: 'all:evil@z.example;' }] }],
  ['a comment', { to: [{ address: 'a(evil@z.example)@x.example' }] }],
  ['a quoted local part', { to: [{ address: '"a@z.example "@x.example' }] }],
  ['no domain', { to: [{ address: 'root@localhost' }] }],
  ['an address literal', { to: [{ address: 'a@[127.0.0.1]' }] }],
  ['an option', { to: [{ address: '-oQ/tmp@' }] }],
  ['NUL', { to: [{ address: 'a\0@x.example' }] }],
  ['a plain text for an address', { to: ['evil@z.example' as never] }],
  ['another key', { to: [{ address: 'a@x.example', group: [] } as never] }],
  ['a line break in the sender', { from: { address: 'a@x.example\nX: y' } }],
  ['a line break in the reply address', { replyTo: { address: 'a@x.example\nX: y' } }],
  ['a line break in the subject', { subject: 'Hello\r\nBcc: evil@z.example' }],
  ['a line break in the language', { language: 'de\r\nBcc: evil@z.example' }],
  ['nobody', { to: [] }],
  ['too many', { to: Array.from({ length: 101 }, (_one, i) => ({ address: `a${i}@x.example` })) }],
] satisfies [string, Partial<Mail>][]) {
  test(`${what} is refused, and nothing is queued`, async (t) => {
    const there = await world(t)
    await assert.rejects(there.send(mail), ValidationError)
    assert.deepEqual(await there.instance.rows('select * from outbox'), [])
  })
}

test('a line break in the name of an attachment is refused, and HTML as a text too', async (t) => {
  const there = await world(t)
  await assert.rejects(there.send({ attachments: [{ name: 'a\r\nX: y', blob: 'b' }] }), ValidationError)
  await assert.rejects(there.send({ html: '<b>raw</b>' as never }), TypeError)
  await assert.rejects(there.send({ attachments: [{ name: 'a', blob: 'no such blob' }] }), { code: '23503' })
  assert.deepEqual(await there.instance.rows('select * from outbox'), [])
})

test('killed between the 250 and the commit, it goes out again under the same Message-ID', async (t) => {
  const there = await world(t)
  const holder = new pg.Client(there.instance.as('postgres'))
  await holder.connect()
  t.after(() => holder.end())
  let isFirst = true
  const box = await mailbox(t, {
    beforeOk: async () => {
      if (!isFirst) return
      isFirst = false
      // The sender will not be able to note that it was sent.
      await holder.query('begin')
      await holder.query('select from outbox for update')
    },
  })
  const id = await there.send()
  const script = `
    import { createHash } from 'node:crypto'
    import { Databases } from '@erp4/orm'
    import { Mailer } from ${JSON.stringify(new URL('./mailer.ts', import.meta.url).href)}
    const databases = new Databases(async () => (${JSON.stringify(there.instance.as('runtime'))}))
    const mailer = new Mailer({ databases, settings: async () => (${JSON.stringify(box.settings)}), kindOf: async () => 'live', files: () => null, keys: () => ({ derive: (purpose) => createHash('sha256').update(purpose).digest() }), onError: console.error, leaseMs: 400 })
    await mailer.visit({ name: 'azure', database: 'x' })
    setInterval(() => {}, 1000)`
  const child = spawn(
    process.execPath,
    [...process.execArgv.filter((arg) => !arg.startsWith('--test')), '--input-type=module-typescript', '-e', script],
    {
      stdio: 'inherit',
      cwd: import.meta.dirname,
    },
  )
  while (box.arrived.length === 0) await pause(10)
  await pause(100)
  child.kill('SIGKILL')
  await once(child, 'exit')
  assert.equal((await there.row(id)).state, 'sending')
  await there.instance.tamper(
    `select pg_terminate_backend(pid) from pg_stat_activity where usename = '${there.instance.as('runtime').user}'`,
  )
  await holder.query('rollback')
  await pause(400)
  await there.visit(there.mailer(box.settings))
  assert.equal(box.arrived.length, 2)
  assert.equal((await there.row(id)).state, 'sent')
  const ids = box.arrived.map((mail) => [header(mail, 'Message-ID'), header(mail, 'Date')].join())
  assert.equal(ids[0], ids[1])
})

test('a copy sends nothing, and its mail is held until somebody lets it go', async (t) => {
  const there = await world(t)
  const box = await mailbox(t)
  const id = await there.send()
  await there.visit(there.mailer(box.settings, { kindOf: async () => 'copy' }))
  assert.deepEqual([box.arrived.length, (await there.row(id)).state], [0, 'held'])
  await there.visit(there.mailer(box.settings))
  assert.equal(box.arrived.length, 0)
  assert.deepEqual(await there.databases.use(there.here.database, (cx) => resendMail(cx, [id])), [id])
  await there.visit(there.mailer(box.settings))
  assert.deepEqual([box.arrived.length, (await there.row(id)).state], [1, 'sent'])
})

test('an instance that is suspended sends nothing, and its mail goes out when it is resumed', async (t) => {
  const there = await world(t)
  const box = await mailbox(t)
  const id = await there.send()
  let kind: 'live' | undefined = undefined
  const mailer = there.mailer(box.settings, { kindOf: async () => kind })
  await there.visit(mailer)
  assert.deepEqual([box.arrived.length, (await there.row(id)).state], [0, 'queued'])
  kind = 'live'
  await there.visit(mailer)
  assert.deepEqual([box.arrived.length, (await there.row(id)).state], [1, 'sent'])
})

test('an instance that becomes a copy in the middle stops sending', async (t) => {
  const there = await world(t)
  const box = await mailbox(t)
  for (let i = 0; i < 5; i++) await there.send()
  await there.visit(there.mailer(box.settings, { kindOf: async () => (box.arrived.length < 2 ? 'live' : 'copy') }))
  assert.equal(box.arrived.length, 2)
  assert.deepEqual(await there.instance.rows('select state, count(*)::int as n from outbox group by 1 order by 1'), [
    { state: 'held', n: 3 },
    { state: 'sent', n: 2 },
  ])
})

test('while the server is down mail waits, and goes out when it is back', async (t) => {
  const there = await world(t)
  const { settings, close } = await mailbox(t)
  await close()
  let server = settings
  const ids = [await there.send(), await there.send()]
  // The mailer's own clock moves when the test says so; that of the database, by which a mail is tried again, goes on.
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const mailer = there.mailer(settings, { retryMs: 10, pauseMs: 60_000, settings: async () => server })
  await there.visit(mailer)
  const [first, second] = [await there.row(ids[0]!), await there.row(ids[1]!)]
  assert.deepEqual([first.state, first.attempts, second.attempts], ['queued', 1, 0])
  assert.match(first.error, /could not be used/)
  const next = await there.visit(mailer)
  assert.ok(next!.getTime() > Date.now(), 'it is not asked again at once')
  assert.equal((await there.row(ids[0]!)).attempts, 1)
  // Elsewhere: the port that was let go may be somebody else's by now.
  const box = await mailbox(t)
  server = box.settings
  await pause(20)
  t.mock.timers.tick(60_001)
  await there.visit(mailer)
  assert.equal(box.arrived.length, 2)
  assert.deepEqual(there.errors, [])
})

for (const [what, code, state] of [
  ['for good', 550, 'failed'],
  ['for now', 451, 'queued'],
] as const) {
  test(`a recipient refused ${what} leaves the mail ${state}`, async (t) => {
    const there = await world(t)
    const box = await mailbox(t, {
      onRcptTo: (_address, _session, done) => done(Object.assign(new Error('no such user'), { responseCode: code })),
    })
    const id = await there.send()
    await there.visit(there.mailer(box.settings))
    const row = await there.row(id)
    assert.deepEqual([row.state, row.attempts], [state, 1])
    assert.match(row.error, /no such user/)
  })
}

test('one of two recipients refused is noted, and the other has his mail', async (t) => {
  const there = await world(t)
  const box = await mailbox(t, {
    onRcptTo: ({ address }, _session, done) =>
      address.startsWith('ann') ? done(Object.assign(new Error('gone'), { responseCode: 550 })) : done(),
  })
  const id = await there.send({ cc: [{ address: 'bob@example.com' }] })
  await there.visit(there.mailer(box.settings))
  assert.deepEqual(
    box.arrived.map((mail) => mail.to),
    [['bob@example.com']],
  )
  assert.match((await there.row(id)).error, /ann@example.com/)
})

test('after its attempts a mail has failed', async (t) => {
  const there = await world(t)
  const box = await mailbox(t, {
    onData: (stream, _session, done) => {
      stream.resume()
      stream.on('end', () => done(Object.assign(new Error('full'), { responseCode: 452 })))
    },
  })
  const id = await there.send()
  const mailer = there.mailer(box.settings, { retryMs: 1, maxAttempts: 3 })
  for (let i = 0; i < 3; i++) {
    await there.visit(mailer)
    await pause(10)
  }
  assert.deepEqual([(await there.row(id)).state, (await there.row(id)).attempts], ['failed', 3])
})

test('a server that offers no TLS is not told the password, nor the mail', async (t) => {
  const there = await world(t)
  const box = await mailbox(t)
  const id = await there.send()
  await there.visit(there.mailer({ ...box.settings, tls: 'starttls', auth: { user: 'azure', pass: 'secret' } }))
  assert.deepEqual([box.arrived.length, (await there.row(id)).state], [0, 'queued'])
})

test('two mailers send a mail once', async (t) => {
  const there = await world(t)
  const box = await mailbox(t)
  for (let i = 0; i < 20; i++) await there.send({ subject: `Number ${i}` })
  await Promise.all([there.mailer(box.settings), there.mailer(box.settings)].map((mailer) => there.visit(mailer)))
  assert.equal(new Set(box.arrived.map((mail) => header(mail, 'Subject'))).size, 20)
  assert.equal(box.arrived.length, 20)
})

test('a template fills in what it is given, escaped, and understands nothing else', async (t) => {
  const mail = fillTemplate(
    { subject: 'Order {{ name }}', body: 'Dear {{partner}},\n\nsee ${process.env} and {{{name}}}.\nBye' },
    { name: 'S1\r\nBcc: evil@z.example', partner: '<script>' },
  )
  assert.equal(mail.subject, 'Order S1 Bcc: evil@z.example')
  assert.match(mail.text, /Dear <script>,/)
  const there = await world(t)
  const id = await there.send(mail)
  const { sealed, message_id } = await there.row(id)
  assert.match(
    openBody(keys, message_id, sealed)!.html!,
    /^<p>Dear &lt;script&gt;,<\/p><p>see \$\{process\.env\} and \{S1<br \/>Bcc.*<br \/>Bye<\/p>$/,
  )
  assert.throws(() => fillTemplate({ subject: '', body: '{{ constructor }}' }, {}), /asks for 'constructor'/)
})

test('what could not be sent in time is given up and forgotten, also while there is no server to send it by', async (t) => {
  const there = await world(t)
  const box = await mailbox(t)
  const late = await there.send({ until: new Date(Date.now() - 1_000) })
  const early = await there.send({ until: new Date(Date.now() + 60_000) })
  await there.visit(there.mailer(box.settings, { settings: async () => null }))
  const { state, sealed, error } = await there.row(late)
  assert.deepEqual([state, sealed, error], ['failed', null, 'It could not be sent in time.'])
  assert.deepEqual(await there.databases.use(there.here.database, (cx) => resendMail(cx, [late])), [])
  await there.visit(there.mailer(box.settings))
  assert.deepEqual([(await there.row(early)).state, box.arrived.length], ['sent', 1])
})

test('what a mail said that failed is forgotten after a week, or when its link is over; that it failed is not', async (t) => {
  const there = await world(t)
  const ids = [await there.send(), await there.send(), await there.send({ until: new Date(Date.now() + 60_000) }), await there.send()]
  const [fresh, old, over, waiting] = ids as [number, number, number, number]
  await there.instance.tamper(
    `update outbox set state = 'failed', error = 'no such user' where id <> ${waiting}`,
    `update outbox set created_at = now() - interval '8 days', run_at = now() - interval '8 days' where id in (${old}, ${waiting})`,
    `update outbox set until = now() - interval '1 second' where id = ${over}`,
  )
  await there.databases.use(there.here.database, (cx) => cx.query(forgetMail({ failed: 7, held: 30 })))
  const kept = await Promise.all(ids.map(async (id) => (await there.row(id)).sealed !== null))
  assert.deepEqual(kept, [true, false, false, true])
  assert.equal((await there.row(old)).error, 'no such user')
  assert.deepEqual(await there.databases.use(there.here.database, (cx) => resendMail(cx, [fresh, old, over])), [fresh])
})

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

test('a letter of two megabytes of spaces is laid out like any other', async (t) => {
  const there = await world(t)
  const [from, to] = [letter.from, letter.to[0]!]
  const started = performance.now()
  await there.databases.transaction(there.instance.database, (cx) =>
    lettersOf(keys).put(cx, { from, to, subject: 'x', language: 'en_US', body: '<b> </b>'.repeat(249_000) }),
  )
  assert.ok(performance.now() - started < 300_000, 'where each space looks for the end of its line, it takes a quarter of an hour')
})
