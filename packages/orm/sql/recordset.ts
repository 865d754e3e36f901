import type { FieldInfo } from '../registry.ts'
import { typeName } from './field-types.ts'
import { Sql, ident, join, sql } from './fragment.ts'

type Type = 'text' | 'int4' | 'float8' | 'numeric' | 'bool' | 'date' | 'timestamp' | 'json' | 'jsonb' | 'text[]'

export type RecordColumn = { readonly name: string; readonly type: Type } | { readonly name: string; readonly field: FieldInfo }

/** The type in which a value of this field travels: translated and company-dependent ones as the bare value. */
const travelType = (column: RecordColumn): Type =>
  'type' in column ? column.type : column.field.kind === 'json' ? 'json' : typeName(column.field)

/** Rows given as one JSON parameter, to be used as a table: the statement's shape is the same for one row and for a thousand. */
export function recordset(rows: string, columns: readonly RecordColumn[]): Sql {
  return sql`(select * from json_to_recordset(${rows}::json) as given(${types(columns)}))`
}

/** The same with the row's number as `n`, from 1. */
export function numberedRecordset(rows: string, columns: readonly RecordColumn[]): Sql {
  const names = join([...columns.map((one) => ident(one.name)), sql`n`])
  return sql`(select * from rows from (json_to_recordset(${rows}::json) as (${types(columns)})) with ordinality as given(${names}))`
}

const types = (columns: readonly RecordColumn[]): Sql => join(columns.map((one) => sql`${ident(one.name)} ${Sql.fixed(travelType(one))}`))
