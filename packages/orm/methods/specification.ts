import type { Env } from '../env.ts'
import { ArgumentError, ValueError } from '../errors.ts'
import { parseOrder } from '../operations/read.ts'
import { type Model, isToMany } from '../registry.ts'
import { visibleField } from '../rules.ts'
import { relatedEnd } from '../sql/expression.ts'
import type { Want } from '../sql/select.ts'
import { cleanLimit } from './wire.ts'

/** The fields a web call asks for: `{name: {}, partner_id: {fields: {display_name: {}}}, line_ids: {fields: {…}, order, limit}}`. */
export function parseSpecification(env: Env, model: Model, specification: unknown, depth = 0): Want[] {
  if (typeof specification !== 'object' || specification === null || Array.isArray(specification))
    throw new ArgumentError('specification must be an object of fields')
  if (depth > 6) throw new ArgumentError('specification is too deep')
  return Object.entries(specification).map(([name, given]) => {
    const field = visibleField(env, model, name)
    if (!field) throw new ValueError(`Invalid field '${name.slice(0, 60)}' on '${model.name}'`)
    const options = (typeof given === 'object' && given !== null ? given : {}) as Record<string, unknown>
    const { comodel } = field.related ? relatedEnd(env, field) : field
    if (!comodel || !options['fields']) return { field }
    const inner = env.modelOf(comodel)
    const wants = parseSpecification(env, inner, options['fields'], depth + 1)
    if (!isToMany(field)) return { field, nested: { wants } }
    const order = typeof options['order'] === 'string' && options['order'] ? { order: parseOrder(env, inner, options['order']) } : {}
    return { field, nested: { wants, limit: cleanLimit(options['limit']), ...order } }
  })
}
