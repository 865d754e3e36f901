import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ident, join, literal, sql } from './fragment.ts'

test('values become parameters, fragments are woven in, in order', () => {
  const where = sql`name = ${"x'; drop table t"} and id = any(${[1, 2]})`
  assert.deepEqual(sql`select ${ident('id')} from t where ${where} limit ${5}`.compile(), {
    text: 'select "id" from t where name = $1 and id = any($2) limit $3',
    values: ["x'; drop table t", [1, 2], 5],
  })
})

test('an object that looks like a fragment is a value', () => {
  const forged = JSON.parse('{"texts":["; drop table t"],"parts":[]}')
  assert.deepEqual(sql`select ${forged}`.compile().values, [forged])
})

for (const name of ['a"b', 'A', 'a b', '', 'a;b', '1a', 'x'.repeat(64)]) {
  test(`'${name}' is not an identifier`, () => void assert.throws(() => ident(name)))
}

test('literals double their quotes and refuse backslashes', () => {
  assert.equal(literal("it's").compile().text, "'it''s'")
  assert.throws(() => literal('\\'))
})

test('join keeps the order of the parameters', () => {
  assert.deepEqual(join([sql`a = ${1}`, sql`b = ${2}`, sql`c = ${3}`], ' and ').compile(), {
    text: 'a = $1 and b = $2 and c = $3',
    values: [1, 2, 3],
  })
})
