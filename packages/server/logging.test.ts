import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogger } from './logging.ts'

function logged(...args: [object, string?]): Record<string, any> {
  const lines: string[] = []
  createLogger({ destination: { write: (line) => void lines.push(line) } }).error(...args)
  assert.equal(lines.length, 1)
  assert.equal(lines[0]!.indexOf('\n'), lines[0]!.length - 1, 'one line is one line')
  return JSON.parse(lines[0]!)
}

test('secrets are redacted at every level that we write', () => {
  const given = { user: 7, Authorization: 'bearer 1', headers: { cookie: 'session_id=1', accept: 'x', deep: { password: '1' } } }
  const line = logged(given)
  assert.deepEqual(
    [line.user, line.Authorization, line.headers],
    [7, '[secret]', { cookie: '[secret]', accept: 'x', deep: { password: '[secret]' } }],
  )
  assert.equal(given.headers.cookie, 'session_id=1', 'what was given stays as it was')
})

test('a line break in a value cannot forge a line', () => {
  assert.equal(logged({ route: 'x\n{"level":30,"msg":"signed in"}' }).route, 'x\n{"level":30,"msg":"signed in"}')
})

test('an error of PostgreSQL is logged without what people typed', () => {
  const error = Object.assign(new Error('duplicate key'), {
    code: '23505',
    detail: 'Key (email)=(ann@x) exists',
    where: 'ann@x',
    constraint: 'c',
    query: 'ann@x',
  })
  const line = logged({ err: error }, 'A call failed.')
  assert.deepEqual([line.err.code, line.err.constraint, line.msg], ['23505', 'c', 'A call failed.'])
  assert.ok(!JSON.stringify(line).includes('ann@x'))
})

test('a cause is told, and what is no error too', () => {
  assert.equal(logged({ err: new Error('outer', { cause: new Error('inner') }) }).err.cause.message, 'inner')
  assert.equal(logged({ err: 'thrown text' }).err.message, 'thrown text')
})
