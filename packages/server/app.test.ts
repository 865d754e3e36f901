import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { type IncomingHttpHeaders, Agent, request as send } from 'node:http'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { Databases, assemble } from '@erp4/orm'
import { type App, type AppOptions, createApp } from './app.ts'
import { FileStore } from './files/index.ts'
import { recordOf } from './fixtures/doors.ts'
import type { Hosting } from './hosting.ts'
import { createLogger } from './logging.ts'

/** Doors only: no database answers here, so whatever would need one shows itself as an internal error. */
const records = [recordOf('azure', { hosts: ['azure.example.com', '127.0.0.1'] }), recordOf('beryl')]
const hosting: Hosting = {
  find: (host) => records.find(({ hosts }) => hosts.includes(host)),
  connect: () => Promise.reject(new Error('connect to /run/secret.sock failed')),
  markActive: async () => {},
  keys: (name) => ({ derive: (purpose) => createHmac('sha256', name).update(purpose).digest() }),
}
const files = new FileStore({
  folder: '/nonexistent',
  instance: 'uuid-of-azure',
  keys: { name: Buffer.alloc(32, 1), wrap: Buffer.alloc(32, 2) },
})
const lines: string[] = []
const options: AppOptions = {
  hosting,
  databases: new Databases(hosting.connect),
  registryFor: (() => {
    const empty = assemble([])
    return () => empty
  })(),
  filesFor: () => files,
  log: createLogger({ level: 'debug', destination: { write: (line) => void lines.push(line) } }),
  bodies: { maxBytes: 10_000, maxTotalBytes: 15_000 },
}

let app: App
let port: number
before(async () => {
  app = createApp(options)
  port = await app.listen({ addresses: ['127.0.0.1'], port: 0 })
})
after(async () => {
  await app.stop({ drainMs: 0 })
  await options.databases.close()
})

/** Bytes of bodies that are held at the moment. */
const heldBytes = async ({ metrics }: App): Promise<number> =>
  Number(/bytes (\d+)$/.exec(await metrics.registry.getSingleMetricAsString('erp4_request_body_bytes'))![1])

/** A new connection is refused. */
const isClosed = (at: number): Promise<boolean> =>
  ask('/healthz', { port: at }).then(
    () => false,
    (error: { code?: string }) => error.code === 'ECONNREFUSED',
  )

/** Waits for what comes by itself, however slow the machine is. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 10))
}

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: string
}
interface Question {
  method?: string
  host?: string
  headers?: Record<string, string>
  body?: string
  agent?: Agent
  address?: string
  port?: number
}

function ask(
  path: string,
  { method, host = 'azure.example.com', headers = {}, body, agent, port: other, address = '127.0.0.1' }: Question = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = {
      host: address,
      port: other ?? port,
      path,
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: { host, ...headers },
      agent: agent ?? false,
    }
    const outgoing = send(asked, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('end', () => resolve({ status: answer.statusCode!, headers: answer.headers, body: Buffer.concat(chunks).toString() }))
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

const json = { 'content-type': 'application/json' }
const rpc = (params: unknown, id: unknown = 1): string => JSON.stringify({ jsonrpc: '2.0', method: 'call', id, params })
const xml = (method: string, ...params: string[]): string =>
  `<?xml version="1.0"?><methodCall><methodName>${method}</methodName><params>${params.map((one) => `<param><value>${one}</value></param>`).join('')}</params></methodCall>`

function raw(text: string, at = port): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(at, '127.0.0.1')
    let answer = ''
    socket.on('data', (chunk) => (answer += chunk))
    socket.on('end', () => resolve(answer))
    socket.on('error', reject)
    socket.write(text)
  })
}

const stranger = { host: 'unknown.example.com' }
const strangersQuestions: [string, string, Question][] = [
  ['the root', '/', {}],
  ['the version', '/web/version', {}],
  ['the health', '/healthz', {}],
  ['a path nobody has', '/nothing', {}],
  ['a path that cannot be decoded', '/%zz', {}],
  ['JSON-2', '/json/2/res.partner/read', { body: '{}', headers: json }],
  ['JSON-RPC in a wrong type', '/jsonrpc', { body: '{', headers: { 'content-type': 'text/plain' } }],
  ['XML-RPC', '/xmlrpc/2/common', { body: xml('version') }],
  ['a sign-in', '/web/session/authenticate', { body: rpc({ db: 'azure', login: 'a', password: 'b' }), headers: json }],
  ['another method', '/jsonrpc', { method: 'DELETE' }],
  ['a forwarded host', '/web/version', { headers: { 'x-forwarded-host': 'azure.example.com', forwarded: 'host=azure.example.com' } }],
  ["a known instance's name", '/web/version?db=azure', { headers: { 'x-odoo-database': 'azure' } }],
  ['a name below a known one', '/web/version', { host: 'x.azure.example.com' }],
  ['a name above a known one', '/web/version', { host: 'example.com' }],
  ['a known name with a user', '/web/version', { host: 'a@azure.example.com' }],
  [
    "a known host, another's database in the header",
    '/web/version',
    { host: 'azure.example.com', headers: { 'x-odoo-database': 'beryl' } },
  ],
  [
    "a known host, nobody's database in the header",
    '/web/version',
    { host: 'azure.example.com', headers: { 'x-odoo-database': 'nobody' } },
  ],
  ["a known host, another's database in the address", '/web/version?db=beryl', { host: 'azure.example.com' }],
  ['a known host, two databases in the address', '/web/version?db=azure&db=beryl', { host: 'azure.example.com' }],
]
for (const [name, path, question] of strangersQuestions) {
  test(`${name} gets a stranger the same empty 404`, async () => {
    const { status, headers, body } = await ask(path, { ...stranger, ...question })
    delete headers.date
    assert.deepEqual({ status, headers, body }, { status: 404, headers: { 'content-length': '0', connection: 'close' }, body: '' })
  })
}

test('two Host headers, or one in the request line, get the same 404', async () => {
  for (const text of [
    'GET /web/version HTTP/1.1\r\nHost: azure.example.com\r\nHost: beryl.example.com\r\nConnection: close\r\n\r\n',
    'GET http://azure.example.com/web/version HTTP/1.1\r\nHost: azure.example.com\r\nConnection: close\r\n\r\n',
    'GET /web/version HTTP/1.0\r\n\r\n',
  ])
    assert.match(await raw(text), /^HTTP\/1\.1 404 Not Found\r\n(?!.*x-request-id)/s)
})

test('what is no HTTP gets a bare 400', async () => {
  assert.equal(await raw('HELLO azure\r\n\r\n'), 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
})

test('host names are compared without case, port and trailing dot', async () => {
  for (const host of ['azure.example.com', 'AZURE.example.com:8069', 'azure.example.com.', '127.0.0.1:1']) {
    assert.equal((await ask('/web/version', { host })).status, 200, host)
  }
})

test('each host lists its own database and no other', async () => {
  for (const [host, name] of [
    ['azure.example.com', 'azure'],
    ['beryl.example.com', 'beryl'],
  ] as const) {
    const { body } = await ask('/web/database/list', { host, body: rpc({}), headers: json })
    assert.deepEqual(JSON.parse(body), { jsonrpc: '2.0', id: 1, result: [name] })
  }
})

test('every answer has the security headers', async () => {
  for (const [path, question] of [
    ['/web/version', {}],
    ['/nothing', {}],
    ['/jsonrpc', { body: '[', headers: json }],
    ['/%zz', {}],
    ['/json/2', {}],
  ] as const) {
    const { headers } = await ask(path, question)
    assert.match(headers['content-security-policy'] as string, /^default-src 'none'; frame-ancestors 'none'/)
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.equal(headers['cross-origin-opener-policy'], 'same-origin')
    assert.equal(headers['cross-origin-resource-policy'], 'same-origin')
    assert.equal(headers['referrer-policy'], 'same-origin')
    assert.equal(headers['cache-control'], 'no-store')
    assert.match(headers['permissions-policy'] as string, /camera=\(\)/)
    assert.equal(headers['strict-transport-security'], undefined)
    assert.equal(headers.server, undefined)
    assert.equal(headers['x-powered-by'], undefined)
  }
})

test('forwarded headers count from a trusted proxy only', async () => {
  const forwarded = { headers: { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.9' } }
  assert.equal((await ask('/web/version', forwarded)).headers['strict-transport-security'], undefined)
  const behind = createApp({ ...options, trustedProxies: ['127.0.0.1'] })
  const { headers } = await ask('/web/version', { ...forwarded, port: await behind.listen({ addresses: ['127.0.0.1'], port: 0 }) })
  await behind.stop({ drainMs: 0 })
  assert.match(headers['strict-transport-security'] as string, /^max-age=\d{8}; includeSubDomains$/)
})

test('the versions are those of 19.0', async () => {
  const info = { server_version: '19.0', server_version_info: [19, 0, 0, 'final', 0, ''], server_serie: '19.0', protocol_version: 1 }
  for (const path of ['/web/version', '/json/version'])
    assert.deepEqual(JSON.parse((await ask(path)).body), { version_info: info.server_version_info, version: '19.0' })
  assert.deepEqual(JSON.parse((await ask('/web/webclient/version_info', { body: rpc({}), headers: json })).body).result, info)
  assert.deepEqual(
    JSON.parse((await ask('/jsonrpc', { body: rpc({ service: 'common', method: 'version', args: [] }), headers: json })).body).result,
    info,
  )
})

test('XML-RPC answers every POST with 200 and text/xml, mistakes too', async () => {
  for (const [path, body, part] of [
    ['/xmlrpc/2/common', xml('version'), '<name>server_version</name>\n<value><string>19.0</string>'],
    ['/xmlrpc/common', xml('version'), '<string>19.0</string>'],
    ['/xmlrpc/2/common', '<methodCall', '<int>1</int>'],
    ['/xmlrpc/2/common', '', '<int>1</int>'],
    ['/xmlrpc/2/nothing', xml('version'), '<int>1</int>'],
    ['/xmlrpc/2/common', xml('nothing'), "AttributeError: The method 'nothing' does not exist"],
    ['/xmlrpc/2/common', xml('authenticate', 'beryl', 'a', 'b', '<struct/>'), 'FATAL:  database "beryl" does not exist'],
    ['/xmlrpc/2/object', xml('execute_kw', 'azure', '<int>0</int>', 'x', 'res.partner', 'read', '<array><data/></array>'), '<int>3</int>'],
    [
      '/xmlrpc/object',
      xml('execute_kw', 'azure', '<int>0</int>', 'x', 'res.partner', 'read', '<array><data/></array>'),
      '<string>AccessDenied</string>',
    ],
    ['/xmlrpc/2/db', xml('drop', 'admin', 'azure'), '<int>3</int>'],
    ['/xmlrpc/2/db', xml('db_exist', 'beryl'), '<boolean>0</boolean>'],
    ['/xmlrpc/2/db', xml('db_exist', 'azure'), '<boolean>1</boolean>'],
  ] as const) {
    const answer = await ask(path, { body, headers: { 'content-type': 'application/xml' } })
    assert.equal(answer.status, 200)
    assert.equal(answer.headers['content-type'], 'text/xml; charset=utf-8')
    assert.ok(answer.body.includes(part), `${path}: ${answer.body}`)
  }
})

test('reading a POST-only address is 405', async () => {
  for (const path of ['/xmlrpc/2/common', '/jsonrpc', '/web/dataset/call_kw']) {
    const { status, headers } = await ask(path)
    assert.deepEqual([status, headers.allow], [405, 'POST'], path)
  }
})

for (const [name, body, headers, status, text] of [
  ['another content type', rpc({}), { 'content-type': 'text/plain' }, 415, 'This address takes application/json.'],
  ['a form', 'a=1', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'This address takes application/json.'],
  ['no content type', rpc({}), {}, 415, 'This address takes application/json.'],
  ['malformed JSON', '{', json, 400, 'Invalid JSON data'],
  ['no JSON', '', json, 400, 'Invalid JSON data'],
  ['a list', '[]', json, 400, 'Invalid JSON-RPC data'],
  ['a text', '"x"', json, 400, 'Invalid JSON-RPC data'],
  ["another site's page", rpc({}), { ...json, origin: 'https://evil.example' }, 403, 'This address is not for other sites.'],
  ['a cross-site fetch', rpc({}), { ...json, 'sec-fetch-site': 'cross-site' }, 403, 'This address is not for other sites.'],
] as const) {
  test(`JSON-RPC refuses ${name}`, async () => {
    for (const path of ['/jsonrpc', '/web/session/authenticate', '/web/dataset/call_kw/res.partner/read']) {
      const answer = await ask(path, { body, headers })
      assert.deepEqual([answer.status, answer.body], [status, text], path)
    }
  })
}

test('our own pages may call, under the configured origin and under the one they were loaded from', async () => {
  for (const origin of ['https://azure.example.com', 'http://azure.example.com']) {
    const { status } = await ask('/web/webclient/version_info', {
      body: rpc({}),
      headers: { ...json, origin, 'sec-fetch-site': 'same-origin' },
    })
    assert.equal(status, 200, origin)
  }
})

test('missing members, a wrong database and no session are errors with status 200', async () => {
  for (const [path, params, code, name] of [
    ['/jsonrpc', {}, 0, 'builtins.TypeError'],
    ['/jsonrpc', { service: 'common', method: 'login', args: ['beryl', 'a', 'b'] }, 0, 'psycopg2.OperationalError'],
    ['/web/session/authenticate', { login: 'a', password: 'b' }, 0, 'builtins.TypeError'],
    ['/web/session/authenticate', { db: 'beryl', login: 'a', password: 'b' }, 0, 'psycopg2.OperationalError'],
    ['/web/dataset/call_kw', { model: 'res.partner', method: 'read', args: [] }, 0, 'builtins.TypeError'],
  ] as const) {
    const { status, body } = await ask(path, { body: rpc(params, 'seven'), headers: json })
    const { id, error } = JSON.parse(body)
    assert.deepEqual([status, id, error.code, error.message, error.data.name], [200, 'seven', code, 'Odoo Server Error', name], body)
    assert.deepEqual([error.data.debug, error.data.context], ['', {}])
  }
})

test('JSON-2 has its own 401 and 404', async () => {
  const anonymous = await ask('/json/2/res.partner/read', { body: '{}', headers: json })
  assert.deepEqual([anonymous.status, anonymous.headers['www-authenticate']], [401, 'Bearer'])
  assert.equal(JSON.parse(anonymous.body).name, 'werkzeug.exceptions.Unauthorized')
  for (const path of ['/json/2', '/json/2/', '/json/2/res.partner', '/json/2/a/b/c']) {
    const { status, body } = await ask(path, { body: '{}', headers: json })
    assert.deepEqual([status, JSON.parse(body).message], [404, 'Did you mean POST /json/2/<model>/<method>?'], path)
  }
})

test('an internal error is told as a reference that the log explains', async () => {
  lines.length = 0
  const session = { cookie: `session_id=${'a'.repeat(84)}` }
  const { status, body, headers } = await ask('/web/session/get_session_info', { body: rpc({}), headers: { ...json, ...session } })
  const { data } = JSON.parse(body).error
  assert.equal(status, 200)
  assert.ok(data.message.includes(headers['x-request-id']))
  assert.ok(!body.includes('secret.sock'))
  const logged = lines.map((line) => JSON.parse(line)).find(({ level }) => level === 50)
  assert.equal(logged.reference, headers['x-request-id'])
  assert.match(logged.err.message, /secret\.sock/)
  assert.ok(!lines.join().includes('a'.repeat(84)))
})

test('a body over the limit is 413, declared or not, and what all bodies may hold is bounded', async () => {
  const long = 'x'.repeat(10_001)
  assert.equal((await ask('/jsonrpc', { body: long, headers: json })).status, 413)
  assert.equal((await ask('/jsonrpc', { body: long, headers: { ...json, 'transfer-encoding': 'chunked' } })).status, 413)
  const sockets = [1, 2].map(() => connect(port, '127.0.0.1'))
  for (const socket of sockets) {
    socket.on('error', () => {})
    socket.write(
      `POST /jsonrpc HTTP/1.1\r\nHost: azure.example.com\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n${'x'.repeat(7000)}`,
    )
  }
  await until(async () => (await heldBytes(app)) === 14_000)
  const busy = await ask('/jsonrpc', { body: rpc({ filler: 'x'.repeat(2000) }), headers: json })
  assert.deepEqual([busy.status, busy.headers['retry-after']], [503, '1'])
  for (const socket of sockets) socket.destroy()
  await until(async () => (await heldBytes(app)) === 0)
  assert.equal((await ask('/web/webclient/version_info', { body: rpc({}), headers: json })).status, 200)
})

test('clients that go away with their question half asked take nothing with them', async () => {
  const request = `POST /jsonrpc HTTP/1.1\r\nHost: azure.example.com\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n${'x'.repeat(2000)}`
  await Promise.all(
    Array.from({ length: 40 }, async () => {
      const socket = connect(port, '127.0.0.1')
      const closed = new Promise((resolve) => socket.once('close', resolve))
      socket.on('error', () => {})
      // At once: when the server comes to read it, nobody is there to be named.
      socket.once('connect', () => socket.write(request, () => socket.resetAndDestroy()))
      await closed
    }),
  )
  const { status, body } = await ask('/web/webclient/version_info', { body: rpc({ filler: 'x'.repeat(9000) }), headers: json })
  assert.equal(status, 200, body)
})

test('every route says who may use it, and one that does not is refused at start-up', async () => {
  assert.ok(app.routes.length > 20)
  const late = createApp(options)
  assert.throws(() => late.http.get('/new', async () => 'x'), /does not declare who may use it/)
  assert.throws(
    () => late.http.post('/new', { config: { access: 'public', forgery: 'harmless' } }, async () => 'x'),
    /reading changes nothing/,
  )
  assert.throws(() => late.http.get('/new', { config: { access: 'public', forgery: 'form' } }, async () => 'x'), /reading changes nothing/)
})

test('stopping answers what is under way and lets nobody new in', async (t) => {
  const stopping = createApp({ ...options, isReady: async () => true })
  const [begun, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  stopping.http.get('/slow', { config: { access: 'public', forgery: 'harmless' } }, async () => {
    begun.resolve()
    await held.promise
    return 'done'
  })
  const at = await stopping.listen({ addresses: ['127.0.0.1'], port: 0 })
  const agent = new Agent({ keepAlive: true })
  assert.equal((await ask('/readyz', { port: at })).status, 200)
  await ask('/healthz', { port: at, agent })
  const slow = ask('/slow', { port: at })
  await begun.promise
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const stopped = stopping.stop({ drainMs: 200 })
  const last = await ask('/healthz', { port: at, agent })
  assert.deepEqual([last.status, last.headers.connection], [200, 'close'])
  assert.equal((await ask('/readyz', { port: at })).status, 503)
  t.mock.timers.tick(200)
  t.mock.timers.reset()
  await until(() => isClosed(at))
  held.resolve()
  assert.equal((await slow).body, 'done')
  await stopped
  agent.destroy()
})

test('who asks on a kept connection just after the door closed is answered', async () => {
  const stopping = createApp({ ...options, timeouts: { arrivalMs: 600_000 } })
  const at = await stopping.listen({ addresses: ['127.0.0.1'], port: 0 })
  const agent = new Agent({ keepAlive: true })
  await ask('/healthz', { port: at, agent })
  const stopped = stopping.stop({ drainMs: 0 })
  await until(() => isClosed(at))
  const last = await ask('/healthz', { port: at, agent })
  assert.deepEqual([last.status, last.headers.connection], [200, 'close'])
  agent.destroy()
  await stopped
})

test('addresses may come and go while others are served', async () => {
  const moving = createApp(options)
  const at = await moving.listen({ addresses: ['127.0.0.1'], port: 0 })
  await moving.listen({ addresses: ['127.0.0.1', '127.0.0.2'], port: at })
  const status = (address: string): Promise<number> => ask('/healthz', { port: at, address }).then((answer) => answer.status)
  assert.deepEqual([await status('127.0.0.1'), await status('127.0.0.2')], [200, 200])
  await moving.listen({ addresses: ['127.0.0.2'], port: at })
  await assert.rejects(status('127.0.0.1'), { code: 'ECONNREFUSED' })
  assert.equal(await status('127.0.0.2'), 200)
  await moving.stop({ drainMs: 0 })
  await assert.rejects(status('127.0.0.2'), { code: 'ECONNREFUSED' })
})

test('two processes may share a port, and a port taken otherwise is told', async () => {
  const [one, two] = [createApp(options), createApp(options)]
  const at = await one.listen({ addresses: ['127.0.0.1'], port: 0, isShared: true })
  assert.equal(await two.listen({ addresses: ['127.0.0.1'], port: at, isShared: true }), at)
  await assert.rejects(createApp(options).listen({ addresses: ['127.0.0.1'], port: at }), { code: 'EADDRINUSE' })
  await Promise.all([one.stop({ drainMs: 0 }), two.stop({ drainMs: 0 })])
})

for (const [name, sent] of [
  ['headers', 'POST /jsonrpc HTTP/1.1\r\nHost: azure.example.com\r\n'],
  ['a body', 'POST /jsonrpc HTTP/1.1\r\nHost: azure.example.com\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{'],
] as const) {
  test(`a client that sends ${name} too slowly is cut off, and holds nothing afterwards`, async (t) => {
    const strict = createApp({ ...options, timeouts: { headersMs: 100, requestMs: 200 } })
    t.after(() => strict.stop({ drainMs: 0 }))
    const at = await strict.listen({ addresses: ['127.0.0.1'], port: 0 })
    assert.match(await raw(sent, at), /^HTTP\/1\.1 408 Request Timeout\r\nConnection: close/)
    await until(async () => (await heldBytes(strict)) === 0)
  })
}
