import type { Registry } from '@erp4/orm'
import type { BlobReference } from '../sql/files.ts'

/** Every column that may name a file: the binary columns of all models, and those of this package. A file that none names is nobody's. */
export function fileReferences(registry: Registry): BlobReference[] {
  const own = [...registry.models.values()].flatMap(({ table, fields }) =>
    [...fields.values()].flatMap(({ kind, column }) => (kind === 'binary' && column !== null ? [{ table, column }] : [])),
  )
  return [...own, { table: 'outbox_attachment', column: 'blob' }]
}
