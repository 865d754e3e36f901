import { ValidationError } from '../errors.ts'
import type { MethodCall } from '../methods/index.ts'
import type { Action } from '../model.ts'
import type { Registry } from '../registry.ts'
import { Prepared } from './values.ts'

/**
 * Turns clear text into what is stored, for a secret field, `'res.users.password'` → the hash, or a secret argument of an action:
 * `'res.users.change_password.new_passwd'`. Told the method that it comes with.
 */
export type Preparers = ReadonlyMap<string, (clear: string, method: string) => Promise<string>>

/**
 * Hashes the secrets in a call's values before its transaction begins: nothing slow happens while rows are locked.
 * Gives the call with its secrets replaced; clear text that hides deeper (in lines of another record) is refused later.
 */
export async function prepareCall(registry: Registry, call: MethodCall, preparers: Preparers): Promise<MethodCall> {
  const model = registry.models.get(call.model)
  const action = model?.actions.get(call.method)
  if (action) return prepareArguments(action, call, preparers)
  const secrets = model ? [...model.fields.values()].filter((field) => preparers.has(`${model.name}.${field.name}`)) : []
  if (secrets.length === 0 || !['create', 'write', 'web_save', 'load'].includes(call.method)) return call
  if (call.method === 'load' && secrets.some((field) => (call.args[0] as unknown[] | undefined)?.includes?.(field.name)))
    throw new ValidationError('Secrets cannot be imported.')
  const prepared = async (values: unknown): Promise<unknown> => {
    if (Array.isArray(values)) return Promise.all(values.map(prepared))
    if (typeof values !== 'object' || values === null) return values
    const out: Record<string, unknown> = { ...values }
    for (const { name } of secrets) {
      const clear = out[name]
      if (typeof clear === 'string' && clear !== '')
        out[name] = new Prepared(await preparers.get(`${call.model}.${name}`)!(clear, call.method))
    }
    return out
  }
  const at = call.method === 'create' ? 0 : 1
  const args = await Promise.all(call.args.map((arg, i) => (i === at ? prepared(arg) : arg)))
  const kwargs = { ...call.kwargs }
  for (const key of ['vals', 'vals_list']) if (key in kwargs) kwargs[key] = await prepared(kwargs[key])
  return { ...call, args, kwargs }
}

/** The same for an action whose declared arguments are secrets; where there is no preparer they stay clear text, which the action refuses. */
async function prepareArguments(action: Action<any, any, any>, call: MethodCall, preparers: Preparers): Promise<MethodCall> {
  const names = Object.keys(action.args as Record<string, unknown>)
  const prepared = async (name: string | undefined, value: unknown): Promise<unknown> => {
    const preparer = preparers.get(`${call.model}.${call.method}.${name}`)
    return preparer && typeof value === 'string' ? new Prepared(await preparer(value, call.method)) : value
  }
  const first = action.on === 'model' || 'ids' in call.kwargs ? 0 : 1
  const args = await Promise.all(call.args.map((value, i) => prepared(names[i - first], value)))
  const kwargs: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(call.kwargs)) kwargs[name] = await prepared(name, value)
  return { ...call, args, kwargs }
}
