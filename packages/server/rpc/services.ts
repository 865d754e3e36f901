import { AccessDenied, ArgumentError, type Databases, NotFoundError } from '@erp4/orm'
import { passwordUser } from '../auth/index.ts'
import type { Credentials, Dispatcher, RequestFacts } from '../dispatch.ts'
import type { Instance } from '../instance.ts'
import { positional } from './arguments.ts'
import { UnknownDatabase } from './errors.ts'
import { versionInfo } from './version.ts'

/** What the services of XML-RPC and `/jsonrpc` stand on. */
export interface ServiceContext {
  readonly dispatcher: Dispatcher
  readonly databases: Databases
}

/** An answer, and the model it is about, if it is about one. */
export interface ServiceAnswer {
  value: unknown
  model?: string
}

export const serviceNames = ['common', 'object', 'db'] as const
export type ServiceName = (typeof serviceNames)[number]

export const isServiceName = (name: unknown): name is ServiceName => serviceNames.includes(name as ServiceName)

/** Calls `common`, `object` or `db` (external-api §2) at the instance of the request's host, which the database name must be of. */
export async function callService(
  context: ServiceContext,
  instance: Instance,
  call: { service: ServiceName; method: string; params: readonly unknown[] },
  facts: RequestFacts,
): Promise<ServiceAnswer> {
  switch (call.service) {
    case 'common':
      return { value: await common(context, instance, call, facts) }
    case 'object':
      return object(context, instance, call, facts)
    default:
      return { value: db(instance, call) }
  }
}

interface Asked {
  method: string
  params: readonly unknown[]
}

async function common(context: ServiceContext, instance: Instance, { method, params }: Asked, facts: RequestFacts): Promise<unknown> {
  switch (method) {
    case 'version':
      return versionInfo
    case 'about':
      return 'ERP4. See https://www.gnu.org/licenses/agpl-3.0.html for the licence.'
    case 'login':
    case 'authenticate':
      return authenticate(context, instance, params, facts)
    default:
      throw unknownMethod(method)
  }
}

/** The user's id, or false: bad credentials are no fault here. */
async function authenticate(
  { databases }: ServiceContext,
  instance: Instance,
  params: readonly unknown[],
  facts: RequestFacts,
): Promise<number | false> {
  const [name, login, secret] = params
  if (params.length < 3) throw new ArgumentError('db, login and password are needed')
  demandOwnName(instance, name)
  if (typeof login !== 'string' || typeof secret !== 'string') return false
  try {
    return (await passwordUser(instance, databases, { login, secret }, facts.source)).user.id
  } catch (error) {
    if (error instanceof AccessDenied) return false
    throw error
  }
}

async function object({ dispatcher }: ServiceContext, instance: Instance, asked: Asked, facts: RequestFacts): Promise<ServiceAnswer> {
  const [name, uid, secret, model, method, ...rest] = asked.params
  const hasKwargs = asked.method === 'execute_kw'
  if (!hasKwargs && asked.method !== 'execute') throw unknownMethod(asked.method)
  if (asked.params.length < (hasKwargs ? 6 : 5))
    throw new ArgumentError(`${asked.method}() is missing arguments: db, uid, password, model, method${hasKwargs ? ', args' : ''}`)
  if (hasKwargs && rest.length > 2) throw new ArgumentError('execute_kw() takes db, uid, password, model, method, args and kwargs')
  demandOwnName(instance, name)
  if (typeof model !== 'string' || typeof method !== 'string') throw new ArgumentError('model and method are texts')
  const value = await dispatcher.perform(
    instance,
    passwordCredentials(uid, secret),
    { model, method, bind: (info) => (hasKwargs ? positional(info, rest[0], rest[1]) : positional(info, rest, undefined)) },
    facts,
  )
  return { value, model }
}

/** `uid` may be a text of digits. Whatever is no id is refused as a wrong password is. */
function passwordCredentials(uid: unknown, secret: unknown): Credentials {
  const id = typeof uid === 'string' && /^\d{1,10}$/.test(uid) ? Number(uid) : uid
  if (typeof id !== 'number' || !Number.isInteger(id) || id < 1 || typeof secret !== 'string') throw new AccessDenied()
  return { how: 'password', who: { uid: id, secret } }
}

const managing = new Set([
  'create_database',
  'drop',
  'dump',
  'restore',
  'duplicate_database',
  'rename',
  'change_admin_password',
  'migrate_databases',
])

/** Databases are not managed from outside: what would need a master password is answered as a wrong one. */
function db(instance: Instance, { method, params }: Asked): unknown {
  switch (method) {
    case 'list':
      return [instance.name]
    case 'db_exist':
      return params[0] === instance.name
    case 'server_version':
      return versionInfo.server_version
    case 'list_lang':
      return languages(instance)
    default:
      throw managing.has(method) ? new AccessDenied() : unknownMethod(method)
  }
}

const languageNames = new Intl.DisplayNames(['en'], { type: 'language' })

/** Code and name of each language that the apps are translated into. */
function languages({ registry }: Instance): [string, string][] {
  return ['en_US', ...registry.i18n.keys()].map((code) => [code, languageNames.of(code.replace('_', '-')) ?? code])
}

/** One database answers at a host; whatever other name is given does not exist, be it a neighbour's or nobody's. */
export function demandOwnName(instance: Instance, name: unknown): void {
  if (name !== instance.name) throw new UnknownDatabase(name)
}

const unknownMethod = (method: string): NotFoundError => new NotFoundError('method', `The method '${method.slice(0, 100)}' does not exist`)
