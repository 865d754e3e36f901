import type { FieldInfo } from '../registry.ts'
import { sql } from './fragment.ts'

/** PostgreSQL's types for the values of fields, to cast parameters and what comes out of JSON. */
export const types = {
  text: sql`text`,
  int4: sql`int4`,
  float8: sql`float8`,
  numeric: sql`numeric`,
  bool: sql`boolean`,
  date: sql`date`,
  timestamp: sql`timestamp`,
} as const
export const arrayTypes = {
  text: sql`text[]`,
  int4: sql`int4[]`,
  float8: sql`float8[]`,
  numeric: sql`numeric[]`,
  bool: sql`boolean[]`,
  date: sql`date[]`,
  timestamp: sql`timestamp[]`,
} as const

export const isText = (field: FieldInfo): boolean =>
  field.kind === 'char' || field.kind === 'text' || field.kind === 'html' || field.kind === 'selection' || field.kind === 'reference'
export const isDecimal = (field: FieldInfo): boolean =>
  field.kind === 'decimal' || field.kind === 'monetary' || (field.kind === 'float' && field.options['digits'] !== undefined)

/** How a field's values are typed in PostgreSQL. */
export function typeName(field: FieldInfo): keyof typeof types {
  if (isText(field) || field.kind === 'binary' || field.kind === 'json') return 'text'
  if (field.kind === 'many2one' || field.kind === 'integer') return 'int4'
  if (isDecimal(field)) return 'numeric'
  if (field.kind === 'float') return 'float8'
  if (field.kind === 'boolean') return 'bool'
  return field.kind === 'date' ? 'date' : 'timestamp'
}
