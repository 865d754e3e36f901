import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ArgumentError, type MethodInfo } from '@erp4/orm'
import { byName, positional } from './arguments.ts'

const search_read: MethodInfo = {
  name: 'search_read',
  kind: 'model',
  readonly: true,
  creates: false,
  params: ['domain', 'fields', 'offset', 'limit', 'order'].map((name) => ({ name, required: false })),
}
const write: MethodInfo = { name: 'write', kind: 'record', readonly: false, creates: false, params: [{ name: 'vals', required: true }] }
const target = { model: 'res.partner', method: 'write' }

for (const nothing of [undefined, null, [], {}, ''] as const) {
  test(`kwargs may be ${JSON.stringify(nothing) ?? 'missing'}`, () =>
    assert.deepEqual(positional(write, [[1], {}], nothing), { args: [[1], {}], kwargs: {} }))
}

test('arguments are a list and kwargs an object', () => {
  for (const args of [undefined, null, {}, 'x', 1]) assert.throws(() => positional(write, args, {}), ArgumentError)
  for (const kwargs of ['x', 1, true, [1]]) assert.throws(() => positional(write, [], kwargs), ArgumentError)
})

test('an empty text means not given for offset, limit, order and context, and for nothing else', () => {
  assert.deepEqual(positional(search_read, [[]], { offset: '', limit: '', order: '', context: '', fields: '' }).kwargs, { fields: '' })
  assert.deepEqual(positional(search_read, ['', '', '', '', ''], undefined).args, ['', '', undefined, undefined, undefined])
  assert.deepEqual(positional(write, [''], undefined).args, [''])
})

for (const context of [[], null, false, ''] as const) {
  test(`a context of ${JSON.stringify(context)} is none`, () => assert.deepEqual(positional(search_read, [], { context }).kwargs, {}))
}

test('a trailing object of execute is an ordinary argument', () => {
  assert.deepEqual(positional(search_read, [[], { limit: 1 }], undefined), { args: [[], { limit: 1 }], kwargs: {} })
})

test('JSON-2 turns members into arguments, ids first', () => {
  const body = { ids: [7], vals: { name: 'Azure' }, context: { lang: 'ko_KR' } }
  assert.deepEqual(byName(write, target, body), { args: [[7]], kwargs: { vals: { name: 'Azure' }, context: { lang: 'ko_KR' } } })
  assert.deepEqual(byName(write, target, { ids: 7, vals: {} }).args, [[7]])
  assert.deepEqual(byName(write, target, { vals: {} }).args, [[]])
  assert.deepEqual(byName(search_read, { model: 'res.partner', method: 'search_read' }, { limit: 1 }), { args: [], kwargs: { limit: 1 } })
})

for (const [name, method, body, message] of [
  ['an unknown member', write, { ids: [1], vals: {}, value: 1 }, /unexpected keyword argument 'value'/],
  ['a member of every object', write, { ids: [1], vals: {}, constructor: 1 }, /unexpected keyword argument 'constructor'/],
  ['a missing member', write, { ids: [1] }, /missing a required argument: 'vals'/],
  ['ids of a model method', search_read, { ids: [1] }, /with ids/],
  ['ids that are a text', write, { ids: 'all', vals: {} }, /ids/],
] as const) {
  test(`JSON-2 refuses ${name}`, () => assert.throws(() => byName(method, target, body), { name: 'ArgumentError', message }))
}
