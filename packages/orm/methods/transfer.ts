import { ArgumentError } from '../errors.ts'
import { exportRows } from '../operations/export.ts'
import { loadRows } from '../operations/import/load.ts'
import type { Text } from '../operations/import/plan.ts'
import { method } from './method.ts'
import { cleanLimit } from './wire.ts'

export const transferMethods = {
  export_data: method('record', ['fields_to_export'], async (env, model, ids, { fields_to_export }) => ({
    datas: await exportRows(env, model, [...new Set(ids)], demandNames(fields_to_export)),
  })),

  /** `keep_good` (or `import_keep_good` in the context) keeps what can be kept; else one bad row undoes all, and `ids` is false. */
  load: method(
    'model',
    ['fields', 'data', 'keep_good=false'],
    (env, model, _, { fields, data, keep_good }) =>
      loadRows(env, model, demandNames(fields), demandRows(data), {
        keepGood: Boolean(keep_good) || Boolean(env.context['import_keep_good']),
        limit: cleanLimit(env.context['_import_limit']),
      }),
    { creates: true },
  ),
}

function demandNames(value: unknown): string[] {
  if (!Array.isArray(value) || value.length > 500 || !value.every((one) => typeof one === 'string'))
    throw new ArgumentError('a list of field names is needed')
  return value
}

const isText = (cell: unknown): boolean =>
  typeof cell === 'string' || typeof cell === 'number' || typeof cell === 'boolean' || cell === null

function demandRows(value: unknown): Text[][] {
  if (!Array.isArray(value) || value.length > 100_000) throw new ArgumentError('data must be a list of at most 100,000 rows')
  return value.map((row: unknown, i) => {
    if (!Array.isArray(row) || !row.every(isText)) throw new ArgumentError(`data: row ${i + 1} must be a list of texts`)
    return row.map((cell: Text | null) => cell ?? '')
  })
}
