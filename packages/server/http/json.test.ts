import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Decimal, RawJson } from '@erp4/orm'
import { JsonError, jsonText, parseJson } from './json.ts'

test('a body is parsed as it is', () => {
  assert.deepEqual(parseJson(Buffer.from('{"a":[1,"[[[{{{",{"b":null}],"c":"\\"]"}')), { a: [1, '[[[{{{', { b: null }], c: '"]' })
})

for (const [name, body] of [
  ['nothing', ''],
  ['half an object', '{"a":'],
  ['NaN', '{"a":NaN}'],
  ['a million brackets', '['.repeat(1_000_000)],
  ['a well-formed nest 101 deep', '['.repeat(101) + ']'.repeat(101)],
  ['a prototype', '{"a":{"__proto__":{"isAdmin":true}}}'],
  ['a prototype in disguise', '{"\\u005f_pr\\u006fto__" : {}}'],
] as const) {
  test(`${name} is refused`, () => assert.throws(() => parseJson(Buffer.from(body)), JsonError))
}

test('broken UTF-8 is refused', () => assert.throws(() => parseJson(Buffer.from([0x22, 0xff, 0x22])), JsonError))

test('a text may speak of prototypes', () => assert.deepEqual(parseJson(Buffer.from('{"a":"__proto__"}')), { a: '__proto__' }))

for (const [name, value, text] of [
  ["PostgreSQL's text untouched", new RawJson('[{"id": 1}]'), '[{"id": 1}]'],
  ['an exact decimal as the number it is', { total: Decimal.of('10000000000000000.05') }, '{"total":10000000000000000.05}'],
  ['null as false, anywhere', [null, { a: null }], '[false,{"a":false}]'],
  ['nothing as false', undefined, 'false'],
  ['members without a value left out', { a: undefined, b: 1 }, '{"b":1}'],
  ['texts escaped', { 'a"': 'line\n' }, '{"a\\"":"line\\n"}'],
  ['numbers that are none as false', [NaN, Infinity], '[false,false]'],
  ["PostgreSQL's text inside a list", [new RawJson('{"a":1}'), true], '[{"a":1},true]'],
] as const) {
  test(`an answer holds ${name}`, () => assert.equal(jsonText(value), text))
}
