import type { Env } from '../env.ts'
import { ArgumentError, ValueError } from '../errors.ts'
import { parseOrder } from '../operations/read.ts'
import { type Model, isToMany } from '../registry.ts'
import { visibleField } from '../rules.ts'
import { relatedEnd } from '../sql/expression.ts'
import type { Want } from '../sql/select.ts'
import { cleanLimit } from './wire.ts'

/** Fields on all levels. Each is an expression, most a query of their own: a hundred times more than any form has would take minutes to plan. */
const mostFields = 2000

/** Lists within lists: the lines of a document, with the taxes of each. One more, and the lines of an order lead back to it and to its lines. */
const mostLists = 2

/** The fields a web call asks for: `{name: {}, partner_id: {fields: {display_name: {}}}, line_ids: {fields: {…}, order, limit}}`. */
export function parseSpecification(env: Env, model: Model, specification: unknown, asked = { fields: 0, depth: 0, lists: 0 }): Want[] {
  if (typeof specification !== 'object' || specification === null || Array.isArray(specification))
    throw new ArgumentError('specification must be an object of fields')
  if (asked.depth > 6 || asked.lists > mostLists) throw new ArgumentError('specification is too deep')
  const entries = Object.entries(specification)
  asked.fields += entries.length
  if (asked.fields > mostFields) throw new ArgumentError('specification has too many fields')
  return entries.map(([name, given]) => {
    const field = visibleField(env, model, name)
    if (!field) throw new ValueError(`Invalid field '${name.slice(0, 60)}' on '${model.name}'`)
    const options = (typeof given === 'object' && given !== null ? given : {}) as Record<string, unknown>
    const { comodel } = field.related ? relatedEnd(env, field) : field
    if (!comodel || !options['fields']) return { field }
    const inner = env.modelOf(comodel)
    const below = { fields: asked.fields, depth: asked.depth + 1, lists: asked.lists + (isToMany(field) ? 1 : 0) }
    const wants = parseSpecification(env, inner, options['fields'], below)
    asked.fields = below.fields
    if (!isToMany(field)) return { field, nested: { wants } }
    const order = typeof options['order'] === 'string' && options['order'] ? { order: parseOrder(env, inner, options['order']) } : {}
    return { field, nested: { wants, limit: cleanLimit(options['limit']), ...order } }
  })
}
