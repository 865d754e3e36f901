import {
  AccessDenied,
  AccessError,
  ArgumentError,
  BusyError,
  ConflictError,
  IdentityError,
  LockError,
  NotFoundError,
  UserError,
  ValidationError,
  ValueError,
  shown,
} from '@erp4/orm'
import { MarshalError } from './xml-encode.ts'
import { XmlError } from './xml-decode.ts'

/** No session, or one that has ended. */
export class SessionExpired extends Error {
  override name = 'SessionExpired'

  constructor() {
    super('Session expired')
  }
}

/** The `db` a client names is not the instance of this host. The text is the same whether another host has such an instance or nobody. */
export class UnknownDatabase extends Error {
  override name = 'UnknownDatabase'

  constructor(name: unknown) {
    super(`FATAL:  database "${shown(name, 100)}" does not exist`)
  }
}

/** The instance is switched off by whoever runs it. */
export class SuspendedError extends Error {
  override name = 'SuspendedError'

  constructor() {
    super('This instance is suspended. Nothing is lost; whoever runs it can tell why, and resume it.')
  }
}

/** More requests than one person, program or network gets answered in a minute. Nothing was done. */
export class FloodError extends Error {
  override name = 'FloodError'

  constructor(seconds: number) {
    super(`Too many requests came at once. Nothing was done; ask again in ${seconds} s.`)
  }
}

/** What JSON-2 and the documentation routes answer themselves, before any method is reached. */
export class HttpError extends Error {
  override name = 'HttpError'
  readonly status: 400 | 401 | 403 | 404 | 405 | 413 | 415 | 422 | 503

  constructor(status: HttpError['status'], message: string) {
    super(message)
    this.status = status
  }
}

/** An error as clients may see it: its kind, its message, and nothing of how we are made. */
export interface WireError {
  /** `error.data.name`, as clients compare it. */
  name: string
  message: string
  arguments: readonly unknown[]
  /** JSON-2's HTTP status. */
  status: number
  /** XML-RPC's `faultCode` under `/xmlrpc/2`. */
  fault: 1 | 2 | 3 | 4
  /** JSON-RPC's `error.code`. */
  code: 0 | 100 | 404
  /** True for what we did not foresee: to be logged whole, and told as a reference only. */
  isInternal: boolean
}

type Kind = Pick<WireError, 'name' | 'status' | 'fault'> & { code?: 100 | 404 }
/** The two families of names: what the methods of Odoo raise, and what its HTTP layer does. `session` differs from `rpc` for an unknown model. */
export type Dialect = 'rpc' | 'session' | 'json2'

const httpNames: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'UnprocessableEntity',
  503: 'ServiceUnavailable',
}
const http = (status: number): Kind => ({ name: `werkzeug.exceptions.${httpNames[status]}`, status, fault: 1 })
const odoo = (name: string, status: number, fault: Kind['fault']): Kind => ({ name: `odoo.exceptions.${name}`, status, fault })
const builtin = (name: string, status: number): Kind => ({ name: `builtins.${name}`, status, fault: 1 })

/** external-api.md §3 as one table; a class stands before the class it extends. */
const kinds: readonly (readonly [new (...args: never[]) => Error, Kind | ((error: never, dialect: Dialect) => Kind)])[] = [
  [IdentityError, { name: 'erp4.exceptions.IdentityError', status: 403, fault: 3 }],
  [AccessDenied, odoo('AccessDenied', 403, 3)],
  // Hidden and missing records give this one; there is no MissingError to tell them apart by (kernel §3).
  [AccessError, odoo('AccessError', 403, 4)],
  [ValidationError, odoo('ValidationError', 422, 2)],
  [LockError, odoo('LockError', 409, 2)],
  [ConflictError, { name: 'erp4.exceptions.ConflictError', status: 422, fault: 2 }],
  [BusyError, odoo('UserError', 503, 2)],
  [ValueError, builtin('ValueError', 500)],
  [ArgumentError, (_error: ArgumentError, dialect) => (dialect === 'json2' ? http(422) : builtin('TypeError', 422))],
  [NotFoundError, notFound],
  [UserError, odoo('UserError', 422, 2)],
  [SessionExpired, { name: 'odoo.http.SessionExpiredException', status: 403, fault: 1, code: 100 }],
  [UnknownDatabase, { name: 'psycopg2.OperationalError', status: 404, fault: 1 }],
  [SuspendedError, odoo('UserError', 503, 2)],
  [FloodError, odoo('UserError', 429, 2)],
  [HttpError, (error: HttpError) => http(error.status)],
  [XmlError, builtin('ValueError', 400)],
  [MarshalError, { name: 'builtins.OverflowError', status: 500, fault: 1 }],
]

function notFound({ what }: NotFoundError, dialect: Dialect): Kind {
  if (dialect === 'json2') return http(404)
  if (what === 'method') return builtin('AttributeError', 404)
  return dialect === 'session' ? { ...http(404), code: 404 } : odoo('UserError', 422, 2)
}

/**
 * What a caller is told about `error`. Whatever is not in the table is "internal error" with `reference`, under which the log has the
 * rest: no trace, path or SQL leaves the server.
 */
export function wireError(error: unknown, dialect: Dialect, reference: string): WireError {
  const found = kinds.find(([type]) => error instanceof type)
  if (!found) return internal(reference)
  const { message } = error as Error
  const kind = typeof found[1] === 'function' ? found[1](error as never, dialect) : found[1]
  const more = error instanceof ConflictError ? [error.changed] : []
  return { message, arguments: [message, ...more], code: 0, isInternal: false, ...kind }
}

function internal(reference: string): WireError {
  const message = `Internal error. If it stays, tell your administrator this reference: ${reference}`
  return { name: 'builtins.Exception', message, arguments: [message], status: 500, fault: 1, code: 0, isInternal: true }
}

/** The error object of JSON: `error.data` in JSON-RPC, the whole body in JSON-2. `debug` is there for clients that read it, and empty. */
export function errorData(error: WireError): Record<string, unknown> {
  return { name: error.name, message: error.message, arguments: error.arguments, context: {}, debug: '' }
}

/** Fault 1 names the kind in its text, where Odoo has a traceback that ends so; the others speak for themselves. */
export function faultText(error: WireError): string {
  return error.fault === 1 && !error.isInternal ? `${error.name.slice(error.name.lastIndexOf('.') + 1)}: ${error.message}` : error.message
}

/** The older protocol's fault, whose code is a text. */
export function textFault(error: WireError): { code: string; message: string } {
  switch (error.fault) {
    case 2:
      return { code: `warning -- UserError\n\n${error.message}`, message: '' }
    case 3:
      return { code: 'AccessDenied', message: error.message }
    case 4:
      return { code: `warning -- AccessError\n\n${error.message}`, message: '' }
    default:
      return { code: error.message, message: faultText(error) }
  }
}
