import type { Env } from '../env.ts'
import { choiceLabel, fieldHelp, fieldLabel } from '../labels.ts'
import { type FieldInfo, type Model, isToMany } from '../registry.ts'
import { mayEver, settableField, visibleField } from '../rules.ts'
import { isPushable, relatedEnd } from '../sql/expression.ts'
import { method } from './method.ts'
import { scalarToWire } from './wire.ts'
import { isGroupable } from '../operations/group.ts'
import { demandEver } from '../operations/read.ts'
import { ValueError, shown } from '../errors.ts'

export const fieldMethods = {
  fields_get: method(
    'model',
    ['allfields=null', 'attributes=null'],
    async (env, model, _, { allfields, attributes }) => {
      if (!mayEver(env, model, 'read') && !mayEver(env, model, 'name')) demandEver(env, model, 'read')
      const names = Array.isArray(allfields) && allfields.length > 0 ? new Set(allfields) : null
      const kept = Array.isArray(attributes) ? new Set(attributes) : null
      const fields = [...model.fields.values()].filter((field) => visibleField(env, model, field.name) && (!names || names.has(field.name)))
      return Object.fromEntries(fields.map((field) => [field.name, pick(describeField(env, field), kept)]))
    },
    { readonly: true },
  ),

  default_get: method(
    'model',
    ['fields'],
    async (env, model, _, { fields }) => defaultValues(env, model, Array.isArray(fields) ? fields.map((name) => shown(name, 200)) : []),
    { readonly: true },
  ),
}

const pick = (all: Record<string, unknown>, kept: ReadonlySet<unknown> | null): Record<string, unknown> =>
  kept ? Object.fromEntries(Object.entries(all).filter(([key]) => kept.has(key))) : all

const wireType = (field: FieldInfo): string => (field.kind === 'decimal' ? 'float' : field.kind)

/** The field of the same record that says in which currency an amount is; null for what is none. `end`: where a related one leads. */
export const currencyFieldOf = (field: FieldInfo, end: FieldInfo): string | null =>
  end.kind === 'monetary' ? (end.options['currency'] ?? 'currency_id') : (field.options['currency'] ?? null)

/** What a client must know of a field, in the caller's language and cut to his rights. */
export function describeField(env: Env, field: FieldInfo): Record<string, unknown> {
  const { options } = field
  const help = fieldHelp(env, field)
  const end = field.related ? relatedEnd(env, field) : field
  const store = field.column !== null || isToMany(field)
  const sortable = isPushable(env, field) && !isToMany(field) && field.kind !== 'json' && !options.secret
  const mayWrite = !field.magic && field.name !== 'id' && settableField(env, field.model, field.name, 'write') !== undefined
  return {
    name: field.name,
    type: wireType(end),
    string: fieldLabel(env, field),
    ...(help ? { help } : {}),
    required: options.required === true && field.computed === null,
    readonly:
      options.readonly === true || !mayWrite || (field.computed !== null && !field.related && !field.model.inverses.has(field.name)),
    store,
    sortable,
    searchable: !options.secret && (store || field.related !== null || field.model.searches.has(field.name) || isPushable(env, field)),
    groupable: isGroupable(env, field),
    exportable: !options.secret,
    translate: options.translate === true && field.computed === null,
    company_dependent: options.companyDependent === true,
    depends: field.computed ? [...(field.model.computes.get(field.name)?.needs ?? (field.related ? [field.related.join('.')] : []))] : [],
    ...(end.comodel ? { relation: end.comodel, domain: options['domain'] ?? [], context: {} } : {}),
    ...(field.kind === 'one2many' ? { relation_field: field.inverse } : {}),
    ...(end.choices ? { selection: Object.keys(end.choices).map((key) => [key, choiceLabel(env, end, key)]) } : {}),
    ...(options['digits'] === undefined ? {} : { digits: [16, options['digits']] }),
    ...(currencyFieldOf(field, end) === null ? {} : { currency_field: currencyFieldOf(field, end) }),
    ...(end.options['grouping'] === false ? { ungrouped: true } : {}),
    ...(field.kind === 'char' ? { trim: true, ...(options['size'] ? { size: options['size'] } : {}) } : {}),
  }
}

/** What a new record would start with, of the fields named; those without a default are left out. */
export async function defaultValues(env: Env, model: Model, names: readonly string[]): Promise<Record<string, unknown>> {
  demandEver(env, model, 'create')
  const values: Record<string, unknown> = {}
  for (const name of names) {
    const field = visibleField(env, model, name)
    if (!field) throw new ValueError(`Invalid field '${name.slice(0, 60)}' on '${model.name}'`)
    const fromContext = env.context[`default_${name}`]
    if (fromContext !== undefined) {
      values[name] = fromContext
      continue
    }
    const declared = field.options.default
    if (declared === undefined || field.options.secret) continue
    const value: unknown = typeof declared === 'function' ? await declared(env) : declared
    if (value !== null && value !== undefined) values[name] = scalarToWire(field, value)
  }
  return values
}
