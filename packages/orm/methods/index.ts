import type { Env } from '../env.ts'
import { AccessError, ArgumentError, NotFoundError, UserError, ValidationError } from '../errors.ts'
import type { AnyField } from '../fields.ts'
import { Decimal } from '../decimal.ts'
import { finishCall } from '../operations/finish.ts'
import { asSentence } from '../operations/database-errors.ts'
import { Prepared } from '../operations/values.ts'
import type { Model, Registry } from '../registry.ts'
import { mayEver } from '../rules.ts'
import { fieldMethods } from './fields.ts'
import { groupMethods } from './group.ts'
import { type Method, type Parameter, RawJson, bindArguments } from './method.ts'
import { onchangeMethods } from './onchange.ts'
import { readMethods } from './read.ts'
import { saveEachMethods } from './save-each.ts'
import { transferMethods } from './transfer.ts'
import { translationMethods } from './translations.ts'
import { cleanIds } from './wire.ts'
import { writeMethods } from './write.ts'

export { type Method, type Parameter, RawJson } from './method.ts'

/** What every model answers to, by the names of the external protocol (external-api §6). */
const common: Readonly<Record<string, Method>> = Object.assign(
  Object.create(null),
  readMethods,
  writeMethods,
  saveEachMethods,
  fieldMethods,
  groupMethods,
  transferMethods,
  onchangeMethods,
  translationMethods,
)

export interface MethodInfo extends Omit<Method, 'run'> {
  readonly name: string
}

/** What a caller may call by this name, or undefined. */
export function describeMethod(registry: Registry, modelName: string, name: string): MethodInfo | undefined {
  const model = registry.models.get(modelName)
  const found = model ? findMethod(model, name) : undefined
  return found ? { name, kind: found.kind, params: found.params, readonly: found.readonly, creates: found.creates } : undefined
}

/** The names of all methods of a model that can be called from outside. */
export const methodNames = (model: Model): string[] => [...Object.keys(common), ...model.actions.keys()].sort()

const ofActions = new WeakMap<Model, Map<string, Method>>()

function findMethod(model: Model, name: string): Method | undefined {
  const action = model.actions.get(name)
  if (!action) return common[name]
  const known = ofActions.get(model) ?? new Map<string, Method>()
  ofActions.set(model, known)
  const method = known.get(name) ?? actionMethod(model, name)
  known.set(name, method)
  return method
}

function actionMethod(model: Model, name: string): Method {
  const action = model.actions.get(name)!
  const fields = Object.entries(action.args as Record<string, AnyField & { options: { required?: boolean } }>)
  const params = fields.map(([key, field]): Parameter => ({ name: key, required: field.options.required === true, default: null }))
  return {
    kind: action.on === 'model' ? 'model' : 'record',
    params,
    readonly: action.readonly,
    creates: !action.readonly,
    run: async (env, _, ids, args) => {
      if (action.on === 'model' && action.needs !== 'name' && !mayEver(env, model, action.needs))
        throw new AccessError(
          env.t("You are not allowed to do this with '{model}' ({name}) records.", { model: env.t(model.label), name: model.name }),
        )
      const given = Object.fromEntries(fields.map(([key, field]) => [key, checkArgument(name, key, field, args[key])]))
      const result = await env.dispatch(model.name, name, env.model(model.name as never).browse(ids), given)
      return result === undefined ? true : result
    },
  }
}

function checkArgument(
  method: string,
  key: string,
  field: AnyField & { options: { required?: boolean; secret?: boolean } },
  value: unknown,
): unknown {
  // Hashed, or emptied, before the call began: clear text has come on a way that nobody looks through.
  if (field.options.secret && value instanceof Prepared) return value.value
  if (field.options.secret && value !== null && value !== undefined && value !== false)
    throw new ValidationError(`${method}: '${key}' cannot be given this way.`)
  if (value === null || value === undefined || (value === false && field.kind !== 'boolean' && field.kind !== 'json')) {
    if (field.options.required) throw new ArgumentError(`${method}() missing a required argument: '${key}'`)
    return null
  }
  const isExact = field.kind === 'decimal' || field.kind === 'monetary'
  const typed = isExact && typeof value === 'number' && Math.abs(value) < 1e40 ? Decimal.fromNumber(value) : value
  if (!field.accepts(typed)) throw new ValidationError(`${method}: '${key}' is not a valid ${field.kind}`)
  return typed
}

/** Names that look like methods to a client of the protocol, and are refused as private there (external-api §3). */
const privateNames = new Set([
  'browse',
  'sudo',
  'with_user',
  'with_company',
  'with_context',
  'with_env',
  'exists',
  'ensure_one',
  'mapped',
  'filtered',
  'filtered_domain',
  'sorted',
  'grouped',
  'concat',
  'union',
  'new',
  'update',
  'fetch',
  'search_fetch',
  'check_access',
  'flush_model',
  'flush_recordset',
  'invalidate_model',
  'invalidate_recordset',
  'modified',
  'lock_for_update',
  'init',
])

export interface MethodCall {
  readonly model: string
  readonly method: string
  readonly args: readonly unknown[]
  readonly kwargs: Readonly<Record<string, unknown>>
}

/**
 * Calls a method as the outside world does: by name, with ids first, keyword arguments and a context. Runs what must happen at the end of a call.
 * Throws NotFoundError, AccessError, ArgumentError, ValueError, ValidationError or UserError; nothing that names a table or a path.
 */
export async function callMethod(env: Env, call: MethodCall): Promise<unknown> {
  const model = env.registry.models.get(call.model)
  if (!model) throw new NotFoundError('model', `Object ${call.model.slice(0, 80)} doesn't exist`)
  const method = findMethod(model, call.method)
  if (!method) throw refuseMethod(call)
  const { context, ...kwargs } = call.kwargs
  const inner = narrow(env, context)
  const [ids, positional] = method.kind === 'record' ? takeIds(call, kwargs) : [[], call.args]
  const args = bindArguments(call.method, method.params, positional, kwargs)
  try {
    const result = await method.run(inner, model, ids, args)
    await finishCall(inner)
    return result instanceof RawJson ? result : neverNull(result)
  } catch (error) {
    throw asSentence(env, error)
  }
}

function refuseMethod({ model, method }: MethodCall): Error {
  if (method.startsWith('_') || privateNames.has(method))
    return new AccessError(`Private methods (such as '${model}.${method.slice(0, 80)}') cannot be called remotely.`)
  return new NotFoundError('method', `The method '${model}.${method.slice(0, 80)}' does not exist`)
}

function takeIds(call: MethodCall, kwargs: Record<string, unknown>): [number[], readonly unknown[]] {
  if ('ids' in kwargs) {
    const { ids } = kwargs
    delete kwargs['ids']
    return [cleanIds(ids), call.args]
  }
  return [cleanIds(call.args[0]), call.args.slice(1)]
}

const zones = new Map<string, boolean>()

function isZone(name: string): boolean {
  const known = zones.get(name)
  if (known !== undefined) return known
  let valid = /^[A-Za-z0-9_+/-]{1,64}$/.test(name)
  try {
    if (valid) new Intl.DateTimeFormat('en', { timeZone: name })
  } catch {
    // Not a zone that this system knows.
    valid = false
  }
  if (zones.size < 2000) zones.set(name, valid)
  return valid
}

/** A caller's context can choose among what he has, never add to it: an installed language, a known zone, some of his own companies. */
export function narrow(env: Env, given: unknown): Env {
  if (given === null || given === undefined || given === '' || given === false) return env
  if (typeof given !== 'object') throw new ArgumentError('context must be an object')
  const { lang, tz, allowed_company_ids, active_test, uid, ...rest } = (Array.isArray(given) ? {} : given) as Record<string, unknown>
  void uid
  const patch: Record<string, unknown> = {
    ...rest,
    lang: env.context.lang,
    tz: env.context.tz,
    allowed_company_ids: env.context.allowed_company_ids,
    active_test: active_test === undefined ? env.context.active_test : Boolean(active_test),
  }
  if (typeof lang === 'string' && lang !== '') {
    if (!env.call.languages.includes(lang)) throw new UserError(`Invalid language code: ${lang.slice(0, 20)}`)
    patch['lang'] = lang
  }
  if (typeof tz === 'string' && isZone(tz)) patch['tz'] = tz
  if (Array.isArray(allowed_company_ids) && allowed_company_ids.length > 0) {
    if (!allowed_company_ids.every((id) => env.user.company_ids.includes(id as number)))
      throw new AccessError('Access to unauthorized or invalid companies.')
    patch['allowed_company_ids'] = [...new Set(allowed_company_ids)]
  }
  return env.withContext(patch)
}

/** The protocol has no null (XML-RPC faults, JSON-RPC loses the member): unset is false. */
function neverNull(value: unknown): unknown {
  if (value === null || value === undefined) return false
  if (value instanceof Decimal) return value.toNumber()
  if (Array.isArray(value)) return value.map(neverNull)
  if (typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, neverNull(inner)]))
  return value
}
