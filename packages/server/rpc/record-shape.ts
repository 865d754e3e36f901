import type { FieldInfo, Model, Registry } from '@erp4/orm'
import type { RecordShape } from './xml-encode.ts'

const shapes = new WeakMap<Model, RecordShape>()

/**
 * How the numbers of a model's answers travel over XML-RPC. Any object in an answer is read as a record of the model, a relation's objects
 * as records of the other; a member that is no field (`records` of `web_search_read`, `value` of `onchange`) passes the model on.
 */
export function recordShape(registry: Registry, modelName: string): RecordShape | undefined {
  const model = registry.models.get(modelName)
  if (!model) return undefined
  const known = shapes.get(model)
  if (known) return known
  const shape: RecordShape = {
    isDouble: (key) => isDouble(model, key),
    under: (key) => under(registry, model, key, shape),
  }
  shapes.set(model, shape)
  return shape
}

const doubles = new Set<string>(['float', 'decimal', 'monetary'] satisfies FieldInfo['kind'][])

/** A field of such a kind, or an aggregate of one as groups name it: `amount_total:sum`. An average is a double of whatever it is. */
function isDouble(model: Model, key: string): boolean {
  const colon = key.indexOf(':')
  const field = model.fields.get(colon < 0 ? key : key.slice(0, colon))
  if (!field) return false
  const aggregate = colon < 0 ? undefined : key.slice(colon + 1)
  if (aggregate === 'count' || aggregate === 'count_distinct') return false
  return doubles.has(field.kind) || (aggregate === 'avg' && field.kind === 'integer')
}

function under(registry: Registry, model: Model, key: string, shape: RecordShape): RecordShape | undefined {
  const field = model.fields.get(key)
  if (!field) return shape
  return field.comodel === null ? undefined : recordShape(registry, field.comodel)
}
