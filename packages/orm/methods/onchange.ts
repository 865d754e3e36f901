import { ArgumentError } from '../errors.ts'
import { type FormSpec, runOnchange } from '../operations/onchange/run.ts'
import type { Values } from '../operations/onchange/given.ts'
import { method } from './method.ts'

export const onchangeMethods = {
  /** `{value: {…}}`: what a form should show now. Apps' functions answer values alone, so there is never a `warning`. */
  onchange: method(
    'record',
    ['values', 'field_names', 'fields_spec'],
    async (env, model, ids, { values, field_names, fields_spec }) => {
      if (ids.length > 1) throw new ArgumentError('onchange() takes one record')
      if (typeof values !== 'object' || values === null || Array.isArray(values)) throw new ArgumentError('values must be an object')
      return { value: await runOnchange(env, model, ids[0] ?? null, values as Values, demandNames(field_names), fields_spec as FormSpec) }
    },
    { readonly: true },
  ),
}

/** One name, a list of names, or nothing: a new record. */
function demandNames(value: unknown): string[] {
  if (value === null || value === false || value === '') return []
  const names = typeof value === 'string' ? [value] : value
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string'))
    throw new ArgumentError('field_names must be a list of names')
  return names as string[]
}
