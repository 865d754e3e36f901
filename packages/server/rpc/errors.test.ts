import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  AccessDenied,
  AccessError,
  ArgumentError,
  BusyError,
  ConflictError,
  LockError,
  NotFoundError,
  UserError,
  ValidationError,
  ValueError,
} from '@erp4/orm'
import { type Dialect, HttpError, SessionExpired, UnknownDatabase, errorData, faultText, textFault, wireError } from './errors.ts'

for (const [error, dialect, name, fault, status, code] of [
  [new AccessDenied(), 'rpc', 'odoo.exceptions.AccessDenied', 3, 403, 0],
  [new AccessError('no'), 'rpc', 'odoo.exceptions.AccessError', 4, 403, 0],
  [new UserError('no'), 'rpc', 'odoo.exceptions.UserError', 2, 422, 0],
  [new ValidationError('no'), 'rpc', 'odoo.exceptions.ValidationError', 2, 422, 0],
  [new LockError('no'), 'rpc', 'odoo.exceptions.LockError', 2, 409, 0],
  [new ConflictError('no', ['name']), 'rpc', 'erp4.exceptions.ConflictError', 2, 422, 0],
  [new BusyError(), 'json2', 'odoo.exceptions.UserError', 2, 503, 0],
  [new ValueError('no'), 'json2', 'builtins.ValueError', 1, 500, 0],
  [new ArgumentError('no'), 'rpc', 'builtins.TypeError', 1, 422, 0],
  [new ArgumentError('no'), 'json2', 'werkzeug.exceptions.UnprocessableEntity', 1, 422, 0],
  [new NotFoundError('model', 'no'), 'rpc', 'odoo.exceptions.UserError', 2, 422, 0],
  [new NotFoundError('model', 'no'), 'session', 'werkzeug.exceptions.NotFound', 1, 404, 404],
  [new NotFoundError('model', 'no'), 'json2', 'werkzeug.exceptions.NotFound', 1, 404, 0],
  [new NotFoundError('method', 'no'), 'rpc', 'builtins.AttributeError', 1, 404, 0],
  [new NotFoundError('method', 'no'), 'json2', 'werkzeug.exceptions.NotFound', 1, 404, 0],
  [new SessionExpired(), 'session', 'odoo.http.SessionExpiredException', 1, 403, 100],
  [new UnknownDatabase('x'), 'rpc', 'psycopg2.OperationalError', 1, 404, 0],
  [new HttpError(401, 'Invalid apikey'), 'json2', 'werkzeug.exceptions.Unauthorized', 1, 401, 0],
] as const satisfies readonly (readonly [Error, Dialect, string, number, number, number])[]) {
  test(`${error.name} is ${name} in the dialect of ${dialect}`, () => {
    const told = wireError(error, dialect, 'ref-1')
    assert.deepEqual([told.name, told.fault, told.status, told.code, told.isInternal], [name, fault, status, code, false])
    assert.equal(told.message, error.message)
  })
}

test('what nobody foresaw is a reference, and nothing of what happened', () => {
  const error = Object.assign(new TypeError('relation "res_users" at /srv/erp4/packages/orm/read.ts'), { code: '42P01', detail: 'secret' })
  const told = wireError(error, 'json2', 'ab12-7')
  const sent = JSON.stringify([errorData(told), faultText(told), textFault(told)])
  assert.match(sent, /ab12-7/)
  for (const part of ['res_users', '/srv', '42P01', 'secret', 'TypeError']) assert.ok(!sent.includes(part), part)
  assert.deepEqual([told.status, told.fault, told.isInternal], [500, 1, true])
})

test('what is thrown need not be an error', () => {
  assert.equal(wireError('secret', 'rpc', 'r').isInternal, true)
  assert.equal(wireError(undefined, 'rpc', 'r').isInternal, true)
})

test('fault 1 ends with the kind and the message', () => {
  assert.equal(
    faultText(wireError(new ValueError("Invalid field 'x' on 'res.partner'"), 'rpc', 'r')),
    "ValueError: Invalid field 'x' on 'res.partner'",
  )
  assert.equal(faultText(wireError(new UnknownDatabase('x'), 'rpc', 'r')), 'OperationalError: FATAL:  database "x" does not exist')
  assert.equal(faultText(wireError(new UserError('No.'), 'rpc', 'r')), 'No.')
})

for (const [error, code] of [
  [new AccessDenied(), 'AccessDenied'],
  [new AccessError('Not yours.'), 'warning -- AccessError\n\nNot yours.'],
  [new ValidationError('Too long.'), 'warning -- UserError\n\nToo long.'],
  [new ValueError('Bad.'), 'Bad.'],
] as const) {
  test(`the older protocol calls ${error.name} '${code.split('\n')[0]}'`, () =>
    assert.equal(textFault(wireError(error, 'rpc', 'r')).code, code))
}

test('a conflict tells which fields differ', () => {
  assert.deepEqual(errorData(wireError(new ConflictError('Changed.', ['name']), 'rpc', 'r')).arguments, ['Changed.', ['name']])
})
