import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Decimal } from '@erp4/orm'
import { MarshalError, type RecordShape, encodeFault, encodeResponse } from './xml-encode.ts'

const value = (encoded: string): string => /<param>(.*)<\/param>/s.exec(encoded)![1]!.replaceAll('\n', '')
const encode = (given: unknown, shape?: RecordShape): string => value(encodeResponse(given, shape))

for (const [name, given, xml] of [
  ['a text', 'a < b & c > d', '<value><string>a &lt; b &amp; c &gt; d</string></value>'],
  ['the end of a CDATA section', ']]>', '<value><string>]]&gt;</string></value>'],
  ['a text without its control characters', 'a\0b\x08c\x1fd\te', '<value><string>abcd\te</string></value>'],
  ['a carriage return that survives', 'a\rb', '<value><string>a&#13;b</string></value>'],
  ['half a surrogate pair replaced', 'a\ud800b', '<value><string>a\ufffdb</string></value>'],
  ['a smile', '😀', '<value><string>😀</string></value>'],
  ['the empty text', '', '<value><string></string></value>'],
  ['an int', 2_147_483_647, '<value><int>2147483647</int></value>'],
  ['a fraction', 12.5, '<value><double>12.5</double></value>'],
  ['an exact decimal', Decimal.of('12'), '<value><double>12.0</double></value>'],
  ['true', true, '<value><boolean>1</boolean></value>'],
  ['null as false', null, '<value><boolean>0</boolean></value>'],
  ['nothing as false', undefined, '<value><boolean>0</boolean></value>'],
  ['an empty list', [], '<value><array><data></data></array></value>'],
  [
    'an object',
    { 'a<': 1, b: undefined },
    '<value><struct><member><name>a&lt;</name><value><int>1</int></value></member></struct></value>',
  ],
  ['null inside a list', [null], '<value><array><data><value><boolean>0</boolean></value></data></array></value>'],
] as const) {
  test(`${name} is encoded`, () => assert.equal(encode(given), xml))
}

test('an integer beyond 32 bits cannot be told', () => {
  for (const big of [2 ** 31, -(2 ** 31) - 1]) assert.throws(() => encodeResponse(big), MarshalError)
})

test('numbers of double fields are doubles, at every depth their records reach', () => {
  const lines: RecordShape = { isDouble: (key) => key === 'price', under: () => lines }
  const shape: RecordShape = {
    isDouble: (key) => key === 'total',
    under: (key) => (key === 'line_ids' ? lines : key === 'data' ? undefined : shape),
  }
  const encoded = encode({ records: [{ id: 3, total: 12, line_ids: [{ price: 7, total: 7 }], data: { total: 1 } }] }, shape)
  assert.deepEqual(
    [...encoded.matchAll(/<name>(\w+)<\/name><value><(int|double)>([^<]+)/g)].map(([, ...found]) => found),
    [
      ['id', 'int', '3'],
      ['total', 'double', '12.0'],
      ['price', 'double', '7.0'],
      ['total', 'int', '7'],
      ['total', 'int', '1'],
    ],
  )
})

test('a double field beyond 32 bits is no error', () => {
  const shape: RecordShape = { isDouble: () => true, under: () => undefined }
  assert.match(encode({ total: 5e9 }, shape), /<double>5000000000\.0<\/double>/)
})

test('a fault has a code and a text', () => {
  assert.match(encodeFault(3, 'Access <Denied>'), /<fault><value><struct>\n<member>\n<name>faultCode<\/name>\n<value><int>3<\/int>/)
  assert.match(encodeFault('AccessDenied', ''), /<name>faultCode<\/name>\n<value><string>AccessDenied<\/string>/)
})
