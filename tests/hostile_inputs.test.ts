import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contactManager } from '@erp4/base'
import { contacts } from '@erp4/contacts'
import { describeMethod, methodNames, sql } from '@erp4/orm'
import { world } from '@erp4/testing'
import { type Ask, type Outcome, openSite } from './site.ts'

// Whatever is sent, the answer is one that was foreseen: no internal error, nothing of how we are made, nothing changed, and the server goes on.

const at = await world(contacts)
const site = await openSite([at])
const ed = (await at.person(contactManager)).user
const caller = await site.caller(0, ed.id)
const [partner] = (await at.system.model('res.partner').create({ name: 'Target', is_company: true })).ids as [number]

const made =
  /node_modules|\/packages\/|\.ts:\d|\bat [\w.]+ \(|"?res_(?:partner|users)|\bSELECT\b|\bselect .* from\b|syntax error|violates|pg_|ECONN|Cannot read|is not a function/

/** Refused or answered, but foreseen; and telling nothing. */
function assertForeseen({ error, status, text }: Outcome, asked: unknown): void {
  const shown = `${JSON.stringify(asked)?.slice(0, 400)} -> ${status} ${text.slice(0, 300)}`
  assert.notEqual(error?.name, 'builtins.Exception', `${shown}\n${site.log.at(-1)?.slice(0, 1500)}`)
  assert.ok(status < 500, shown)
  // What the caller wrote himself may come back between quotes.
  if (error) assert.ok(!made.test(error.message.replaceAll(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\[.*\]|\{.*\}/gs, '')), shown)
}

const partners = () =>
  at.databases.use(at.database, (cx) => cx.query(sql`select id, name, email, parent_id, active, version from res_partner order by id`))

/** Values of every kind that a field, an option or an operand could be given. */
const odd: unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1,
  1.5,
  -0,
  1e308,
  -1e308,
  5e-324,
  2 ** 31,
  -(2 ** 31) - 1,
  2 ** 53,
  1e21,
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  'x\udc00y',
  '😀',
  '\u202e',
  '\ufeff',
  "'",
  '"',
  '\\',
  '%',
  '_',
  '\\\\',
  ';',
  '--',
  '/*',
  '$1',
  '${1}',
  '{0}',
  '0x10',
  'NaN',
  'Infinity',
  '-Infinity',
  '1e400',
  'true',
  'null',
  'undefined',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  '9999-99-99',
  '0000-00-00',
  '2026-02-30',
  '2026-01-01 25:00:00',
  '+292278994-08-17',
  '-4713-01-01',
  'res.partner,1',
  'res.partner,-1',
  'no.model,1',
  'a'.repeat(100_000),
  '9'.repeat(5000),
  '((((',
  '<script>',
  '../../etc/passwd',
  '%s%n',
  '{{7*7}}',
  [],
  [[]],
  [[[]]],
  [null],
  [true],
  [0],
  [-1],
  [1.5],
  ['x'],
  [[0]],
  [[0, 0, {}]],
  [[1, 1, null]],
  [[9, 9, 9]],
  [['create', null]],
  [['x', 'y', 'z']],
  [{}],
  Array(2000).fill(1),
  {},
  { a: 1 },
  { toString: 1 },
  { valueOf: {} },
  { length: 5 },
  { constructor: 1 },
  { toJSON: 1 },
  { id: 1 },
  { fields: {} },
  { name: { name: { name: 1 } } },
]

/** A few of each kind, for what is asked of every argument of every method. */
const few = odd.filter((value, i) =>
  typeof value === 'object'
    ? i % 2 === 0
    : i % 4 === 0 || value === '\ud800' || value === '\u0000' || value === 1e308 || value === '__proto__',
)

test('every field takes or refuses every kind of value, in a create, a write, a condition and an onchange', async () => {
  let asked = 0
  const fields = [...at.registry.models.get('res.partner')!.fields.keys()]
  for (const field of fields) {
    const rounds = (
      ['name', 'color', 'active', 'parent_id', 'category_id', 'child_ids', 'create_date', 'barcode', 'image_1920', 'lang'].includes(field)
        ? odd
        : few
    ).flatMap((value): readonly (readonly [string, string, unknown[]])[] => [
      ['res.partner', 'write', [[partner], { [field]: value, no_such_field: 1 }]],
      ['res.partner', 'search_count', [[[field, '=', value]]]],
      ['res.partner', 'search_count', [[[field, ['in', 'ilike', '<', 'child_of', 'any', 'not in', '=like'][asked++ % 7], value]]]],
    ])
    const outcomes: Outcome[] = []
    for (let i = 0; i < rounds.length; i += 12)
      outcomes.push(...(await Promise.all(rounds.slice(i, i + 12).map((one) => caller.call(...one)))))
    for (const [i, outcome] of outcomes.entries()) assertForeseen(outcome, rounds[i])
  }
})

test('what is stored after odd values is what was meant, or nothing', async () => {
  const before = await partners()
  for (const field of [
    'name',
    'comment',
    'color',
    'active',
    'parent_id',
    'category_id',
    'child_ids',
    'country_id',
    'lang',
    'image_1920',
    'barcode',
    'type',
    'company_type',
    'website',
  ]) {
    for (const value of odd) {
      const outcome = await caller.call('res.partner', 'create', [{ name: 'odd', [field]: value }])
      assertForeseen(outcome, [field, value])
      if (!outcome.error) assertForeseen(await caller.call('res.partner', 'unlink', [outcome.result]), 'unlink')
    }
  }
  const left = (
    await at.system
      .with({ active_test: false })
      .model('res.partner')
      .find([['id', 'not in', before.map((row) => row['id'] as number)]], ['id'])
  ).map(({ id }) => id)
  await at.system.with({ active_test: false }).model('res.partner').browse(left).unlink()
  assert.deepEqual(await partners(), before)
})

test('every argument of every method takes or refuses every kind of value', async () => {
  const model = at.registry.models.get('res.partner')!
  const typical: Record<string, unknown> = {
    domain: [],
    fields: ['name'],
    groupby: ['type'],
    aggregates: ['__count'],
    specification: { name: {} },
    vals: { no_such_field: 1 },
    vals_list: [{ no_such_field: 1 }],
    values: {},
    field_names: ['name'],
    fields_spec: { name: {} },
    operation: 'read',
    fields_to_export: ['name'],
    data: [['x']],
    name: 'x',
    parent_id: partner,
  }
  for (const name of methodNames(model)) {
    const info = describeMethod(at.registry, 'res.partner', name)!
    const base = Object.fromEntries(info.params.filter(({ required }) => required).map((param) => [param.name, typical[param.name] ?? []]))
    for (const param of info.params) {
      const calls = few.map((value) =>
        caller.call('res.partner', name, info.kind === 'record' ? [[]] : [], { ...base, [param.name]: value }),
      )
      for (const [i, outcome] of (await Promise.all(calls)).entries()) assertForeseen(outcome, [name, param.name, few[i]])
    }
    if (info.kind === 'record')
      for (const ids of few) assertForeseen(await caller.call('res.partner', name, [ids], { ...base }), [name, 'ids', ids])
    if (info.kind === 'record') continue
    for (const context of few) assertForeseen(await caller.call('res.partner', name, [], { ...base, context }), [name, 'context', context])
  }
})

test('every key of the context takes or refuses every kind of value', async () => {
  for (const name of [
    'lang',
    'tz',
    'allowed_company_ids',
    'active_test',
    'bin_size',
    'uid',
    'default_name',
    'default_parent_id',
    'default_child_ids',
    'force_rows',
    'import_compat',
    'date_format',
    'datetime_format',
    'float_decimal_separator',
    'float_thousand_separator',
    '_import_current_module',
    '_import_limit',
    'constructor',
    'su',
    'password',
    'params',
  ]) {
    for (const value of few) {
      const context = { [name]: value }
      const all: readonly (readonly [string, string, unknown[], Record<string, unknown>])[] = [
        ['res.partner', 'search_read', [[], ['name', 'image_1920', 'create_date']], { context, limit: 1 }],
        ['res.partner', 'read_group', [[], [], ['create_date:month']], { context }],
        ['res.partner', 'default_get', [['name', 'parent_id']], { context }],
        ['res.currency.rate', 'load', [['name', 'rate'], [['01/02/2026', '1,5']]], { context }],
        ['res.partner', 'export_data', [[partner], ['name', 'category_id', 'id']], { context }],
        ['res.partner', 'onchange', [[], {}, [], { name: {} }], { context }],
      ]
      for (const [i, outcome] of (await Promise.all(all.map((one) => caller.call(...one)))).entries()) assertForeseen(outcome, all[i])
    }
  }
})

test('huge, deep and malformed bodies are answered as foreseen, and the server goes on', async () => {
  const call = (body: unknown, headers: Ask['headers'] = {}, path = '/web/dataset/call_kw') =>
    site.send(path, { method: 'POST', headers: { cookie: caller.cookie, 'content-type': 'application/json', ...headers }, body })
  const wrap = (args: string, method = 'search_count') =>
    `{"id":1,"params":{"model":"res.partner","method":"${method}","args":${args},"kwargs":{}}}`
  const terms = (n: number, term = '["name","=","x"]') => `[[${Array(n).fill(term).join(',')}]]`
  const bodies: [string, string, RegExp][] = [
    ['deep lists', wrap('['.repeat(200_000) + ']'.repeat(200_000)), /^Invalid JSON data$/],
    ['deep objects', '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000), /^Invalid JSON data$/],
    ['deep domain', wrap(`[${'['.repeat(90)}${']'.repeat(90)}]`), /invalid item in domain/],
    ['100,000 terms', wrap(terms(100_000)), /too large/],
    ['2,000 operators', wrap(terms(1999, '"|"')), /malformed domain/],
    ['2,000 negations', wrap(`[[${Array(1999).fill('"!"').join(',')},["name","=","x"]]]`), /"result":\d/],
    [
      '1,900 conditions over relations',
      wrap(`[[${'"|",'.repeat(949)}${Array(950).fill('["child_ids.child_ids.name","ilike","x"]').join(',')}]]`),
      /"result":0|took too long/,
    ],
    ['a million ids', wrap(`[[["id","in",[${Array(1_000_000).fill(1).join(',')}]]]]`), /too large/],
    ['a million ids to read', wrap(`[[${Array(1_000_000).fill(1).join(',')}],["name"]]`, 'read'), /Too many ids in one call/],
    ['ten megabytes of text', wrap(`[[["name","ilike","${'a'.repeat(10_000_000)}"]]]`), /more than 4000 characters/],
    ['ten megabytes of percent signs', wrap(`[[["name","=like","${'%a'.repeat(2_000_000)}"]]]`), /more than 4000 characters/],
    ['a long field name', wrap(`[[["${'a'.repeat(1_000_000)}","=",1]]]`), /Invalid field/],
    ['a long path', wrap(`[[["${'parent_id.'.repeat(100_000)}name","=",1]]]`), /too deep/],
    ['a long order', wrap(`[[],0,1,"${'name,'.repeat(100_000)}name"]`, 'search'), /too many fields/],
    ['many fields', wrap(`[[],[${Array(100_000).fill('"name"').join(',')}]]`, 'search_read'), /"result":\[/],
    ['many groups', wrap(`[[],[${Array(10_000).fill('"name"').join(',')}],[]]`, 'formatted_read_group'), /groupby must be a list of names/],
    ['many records', wrap(`[[${Array(30_000).fill('{"no_such_field":1}').join(',')}]]`, 'create'), /Invalid field 'no_such_field'/],
    [
      'many commands',
      wrap(`[[${partner}],{"child_ids":[${Array(50_000).fill('[4,999999999]').join(',')}]}]`, 'write'),
      /too many lines at once/,
    ],
    ['broken', '{"id":1', /^Invalid JSON data$/],
    ['empty', '', /^Invalid JSON data$/],
    ['not UTF-8', '\ufffd{', /^Invalid JSON data$/],
    ['a number', '1', /^Invalid JSON-RPC data$/],
    ['a list', '[]', /^Invalid JSON-RPC data$/],
    ['two documents', '{}{}', /^Invalid JSON data$/],
    ['null', 'null', /^Invalid JSON-RPC data$/],
    ['__proto__', wrap('[{"__proto__":{"isSystem":true}}]'), /^Invalid JSON data$/],
    ['escaped __proto__', '{"params":{"\\u005f_proto__":{"model":"x"}}}', /^Invalid JSON data$/],
  ]
  for (const [name, body, expected] of bodies) {
    const { status, text } = await call(body)
    assert.ok(status < 500, `${name}: ${status}`)
    assert.ok(!/builtins\.Exception/.test(text), `${name}: ${text.slice(0, 300)} ${site.log.at(-1)?.slice(0, 800)}`)
    assert.ok(text.length < 1_000_000, `${name}: an answer of ${text.length} characters`)
    assert.match(text, expected, name)
  }
  const xml = (inner: string) =>
    `<?xml version="1.0"?><methodCall><methodName>execute_kw</methodName><params>${inner}</params></methodCall>`
  for (const [name, body] of [
    ['deep', xml(`<param>${'<value><array><data>'.repeat(50_000)}${'</data></array></value>'.repeat(50_000)}</param>`)],
    [
      'laughs',
      '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "x"><!ENTITY b "&a;&a;&a;">]><methodCall><methodName>&b;</methodName></methodCall>',
    ],
    [
      'a file',
      '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]><methodCall><methodName>&a;</methodName></methodCall>',
    ],
    ['__proto__', xml('<param><value><struct><member><name>__proto__</name><value>1</value></member></struct></value></param>')],
    ['unclosed', '<methodCall>'],
    ['names', `<${'a'.repeat(1_000_000)}/>`],
    ['attributes', `<methodCall ${'a="1" '.repeat(10_000)}/>`],
    ['nothing', ''],
    ['UTF-16', '<?xml version="1.0" encoding="UTF-16"?><methodCall/>'],
  ] as const) {
    for (const path of ['/xmlrpc/2/object', '/xmlrpc/2/common', '/xmlrpc/2/db']) {
      const { status, text } = await call(body, { 'content-type': 'text/xml' }, path)
      assert.ok(status < 500 && !/root:|Internal error|\.ts:/.test(text), `${name}: ${status} ${text.slice(0, 200)}`)
    }
  }
  assert.equal((await caller.call('res.partner', 'search_count', [[['id', '=', partner]]])).result, 1)
  assert.equal(({} as Record<string, unknown>)['isSystem'], undefined)
})

test('doors that take text take any text', async () => {
  const [{ name }] = site.records as [(typeof site.records)[0]]
  for (const value of odd) {
    // A login that could be one is judged in the time of a password.
    const isSlow = typeof value === 'string' && !['\u0000', '\ud800', "'", '__proto__'].includes(value)
    for (const [path, body] of [
      ...(isSlow ? [] : [['/web/session/authenticate', { params: { db: name, login: value, password: 'x' } }] as const]),
      ['/web/session/authenticate', { params: { db: value, login: 'x', password: 'x' } }],
      ['/jsonrpc', { params: { service: value, method: 'login', args: [] } }],
      ['/jsonrpc', { params: { service: 'object', method: value, args: [] } }],
      ['/jsonrpc', { params: { service: 'common', method: 'login', args: value } }],
      ['/jsonrpc', { params: { service: 'object', method: 'execute_kw', args: [name, value, 'x', 'res.partner', 'search', []] } }],
      ['/jsonrpc', { params: value }],
      ['/jsonrpc', { id: value, params: {} }],
      ['/web/dataset/call_kw', { params: { model: value, method: value, args: value, kwargs: value } }],
      ['/web/session/get_session_info', { params: value }],
    ] as const) {
      const { status, text } = await site.send(path, { method: 'POST', headers: { cookie: caller.cookie }, body })
      assert.ok(
        status < 500 && !/builtins\.Exception|Internal error/.test(text),
        `${path} ${JSON.stringify(body).slice(0, 200)} -> ${status} ${text.slice(0, 300)}\n${site.log.at(-1)?.slice(0, 800)}`,
      )
    }
  }
})
