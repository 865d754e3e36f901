import assert from 'node:assert/strict'
import { test } from 'node:test'
import { XmlError, decodeCall } from './xml-decode.ts'

const call = (params: string, head = ''): Buffer =>
  Buffer.from(`${head}<methodCall><methodName>execute_kw</methodName>${params}</methodCall>`)
const one = (value: string): unknown => decodeCall(call(`<params><param>${value}</param></params>`)).params[0]

for (const [name, xml, value] of [
  ['an int', '<value><int>-7</int></value>', -7],
  ['an i4', '<value><i4>+41</i4></value>', 41],
  ['an untyped value', '<value> a &lt; b </value>', ' a < b '],
  ['an empty untyped value', '<value/>', ''],
  ['an empty string', '<value><string/></value>', ''],
  ['a string in a CDATA section', '<value><string><![CDATA[<b>]]></string></value>', '<b>'],
  ['a boolean', '<value><boolean>1</boolean></value>', true],
  ['a double', '<value><double>-12.50</double></value>', -12.5],
  ['a double with an exponent', '<value><double>1e-7</double></value>', 1e-7],
  ['nil', '<value><nil/></value>', null],
  ['a compact date', '<value><dateTime.iso8601>20260131T12:30:00</dateTime.iso8601></value>', '2026-01-31 12:30:00'],
  ['a date with dashes', '<value><dateTime.iso8601>2026-01-31T12:30:00Z</dateTime.iso8601></value>', '2026-01-31 12:30:00'],
  ['base64', '<value><base64>aGVs\n  bG8=\n</base64></value>', 'aGVsbG8='],
  ['an empty array', '<value><array><data/></array></value>', []],
  [
    'nested arrays',
    '<value><array><data><value><array><data><value><i4>1</i4></value><value>x</value></data></array></value></data></array></value>',
    [[1, 'x']],
  ],
  [
    'a struct',
    '<value><struct><member><name>a b</name><value><int>1</int></value></member><member><name>c</name><value/></member></struct></value>',
    { 'a b': 1, c: '' },
  ],
  ['an empty struct', '<value>\n <struct>\n </struct>\n</value>', {}],
  ['Hangul by reference', '<value>&#44608;</value>', '김'],
] as const) {
  test(`${name} is understood`, () => assert.deepEqual(one(xml), value))
}

test('the method and all parameters are there, in order', () => {
  const xml = call(
    '<params><param><value>demo</value></param><param><value><int>2</int></value></param></params>',
    "<?xml version='1.0'?>\n",
  )
  assert.deepEqual(decodeCall(xml), { method: 'execute_kw', params: ['demo', 2] })
})

test('the parameters may be empty or missing', () => {
  assert.deepEqual(decodeCall(call('<params/>')).params, [])
  assert.deepEqual(decodeCall(call('')).params, [])
})

test('Latin 1 is read as declared', () => {
  const body = Buffer.from(
    '<?xml version="1.0" encoding="iso-8859-1"?><methodCall><methodName>m</methodName><params><param><value>Zo\xeb</value></param></params></methodCall>',
    'latin1',
  )
  assert.deepEqual(decodeCall(body).params, ['Zoë'])
})

const nested = (depth: number): string => '<value><array><data>'.repeat(depth) + '</data></array></value>'.repeat(depth)
const bomb = `<!DOCTYPE m [<!ENTITY a "ha"><!ENTITY b "${'&a;'.repeat(50)}">]>`

for (const [name, body] of [
  ['nothing', Buffer.alloc(0)],
  ['no XML', Buffer.from('{"jsonrpc":"2.0"}')],
  ['an unclosed element', Buffer.from('<methodCall><methodName>m</methodName>')],
  ['a second root', Buffer.from('<methodCall><methodName>m</methodName></methodCall><methodCall/>')],
  ['another root', Buffer.from('<methodResponse/>')],
  ['no method name', Buffer.from('<methodCall><params/></methodCall>')],
  ['two method names', Buffer.from('<methodCall><methodName>a</methodName><methodName>b</methodName></methodCall>')],
  ['a document type', call('', '<!DOCTYPE methodCall>')],
  ['an entity bomb', call('<params><param><value>&b;</value></param></params>', bomb)],
  [
    'an external entity',
    call('<params><param><value>&x;</value></param></params>', '<!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
  ],
  ['a parameter entity', call('', '<!DOCTYPE m [<!ENTITY % p SYSTEM "http://127.0.0.1/p"> %p;]>')],
  ['an unknown entity', call('<params><param><value>&nbsp;</value></param></params>')],
  ['a NUL by reference', call('<params><param><value>&#0;</value></param></params>')],
  ['values 100,000 deep', call(`<params><param>${nested(100_000)}</param></params>`)],
  ['a value of two types', call('<params><param><value><int>1</int><int>2</int></value></param></params>')],
  [
    'a member with two values',
    call('<params><param><value><struct><member><name>a</name><value>1</value><value>2</value></member></struct></value></param></params>'),
  ],
  ['a member without a name', call('<params><param><value><struct><member><value>1</value></member></struct></value></param></params>')],
  [
    'a member named __proto__',
    call('<params><param><value><struct><member><name>__proto__</name><value><struct/></value></member></struct></value></param></params>'),
  ],
  ['an element named as a method of objects', call('<params><param><value><toString/></value></param></params>')],
  [
    'an include',
    call(
      '<params><param><value><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/></value></param></params>',
    ),
  ],
  ['text between elements', call('<params>x<param><value>1</value></param></params>')],
  ['an int that is none', call('<params><param><value><int>1e3</int></value></param></params>')],
  ['an int of a thousand digits', call(`<params><param><value><int>${'9'.repeat(1000)}</int></value></param></params>`)],
  ['an infinite double', call('<params><param><value><double>1e999</double></value></param></params>')],
  ['NaN', call('<params><param><value><double>nan</double></value></param></params>')],
  ['a boolean of 2', call('<params><param><value><boolean>2</boolean></value></param></params>')],
  ['a malformed date', call('<params><param><value><dateTime.iso8601>yesterday</dateTime.iso8601></value></param></params>')],
  ['malformed base64', call('<params><param><value><base64>a!</base64></value></param></params>')],
  [
    'broken UTF-8',
    Buffer.concat([Buffer.from('<methodCall><methodName>'), Buffer.from([0xff, 0xfe]), Buffer.from('</methodName></methodCall>')]),
  ],
  ['UTF-7', call('', '<?xml version="1.0" encoding="utf-7"?>')],
] as const) {
  test(`${name} is refused`, () => assert.throws(() => decodeCall(body), XmlError))
}

test('a refusal names neither the input nor a file', () => {
  assert.throws(
    () => decodeCall(call('', '<!DOCTYPE secret SYSTEM "file:///etc/passwd">')),
    (error: Error) => !/secret|passwd|\//.test(error.message),
  )
})

test('400,000 values at most are read', () => {
  const rows = `<params><param><value><array><data>${'<value/>'.repeat(400_000)}</data></array></value></param></params>`
  assert.throws(() => decodeCall(call(rows)), /too many values/)
})
