import { Decimal } from '../decimal.ts'
import type { Env } from '../env.ts'
import type { FieldInfo, OrderTerm } from '../registry.ts'
import { typeName } from './field-types.ts'
import { Scope, fieldExpression } from './expression.ts'
import { Sql, ident, join, sql } from './fragment.ts'

/** Any text of our own source as an SQL literal. For definitions only, where PostgreSQL takes no parameters; a query has parameters. */
export function constant(text: string): Sql {
  if (text.includes('\0')) throw new Error('PostgreSQL keeps no NUL in a text')
  return Sql.fixed(`'${text.replaceAll("'", "''")}'`)
}

export const textOf = (statement: Sql): string => {
  const { text, values } = statement.compile()
  if (values.length > 0) throw new Error(`A definition cannot have parameters: ${text}`)
  return text
}

const isPerKey = (field: FieldInfo): boolean => Boolean(field.options.translate || field.options.companyDependent)

/** The column's type, spelled as `format_type` does. */
export function columnType(field: FieldInfo): string {
  if (isPerKey(field)) return 'jsonb'
  if (field.kind === 'json') return 'json'
  const names = {
    text: 'text',
    int4: 'integer',
    float8: 'double precision',
    numeric: 'numeric',
    bool: 'boolean',
    date: 'date',
    timestamp: 'timestamp(0) without time zone',
  } as const
  return names[typeName(field)]
}

/** The default that the database itself knows; those of the declarations are the ORM's business. */
export function columnDefault(field: FieldInfo): string | null {
  if (field.kind === 'boolean' && !isPerKey(field)) return 'false'
  if (!field.magic) return null
  if (field.name === 'version') return '1'
  return field.name === 'create_date' || field.name === 'write_date' ? "(now() at time zone 'utc')" : null
}

/** A declared default that is a plain value, for rows that are older than the column; null where only code can tell. */
export function fillOf(field: FieldInfo): string | null {
  const value: unknown = field.options.default
  if (value === undefined || value === null || typeof value === 'function' || field.options.companyDependent) return columnDefault(field)
  const plain = typeof value === 'string' ? value : value instanceof Decimal ? value.toString() : JSON.stringify(value)
  const whole = field.options.translate ? JSON.stringify({ en_US: plain }) : field.kind === 'json' ? JSON.stringify(value) : plain
  return textOf(sql`${constant(whole)}::${Sql.fixed(columnType(field))}`)
}

/** Text that people read is sorted as they sort it; the same kinds, in the same collation, as `order by` uses. */
const isSorted = (field: FieldInfo): boolean => field.kind === 'char' || field.kind === 'text'

/** The very expression that queries use, so that PostgreSQL finds the index; `language` matters to translated fields alone. */
function expression(field: FieldInfo, language: string): Sql {
  if (!field.options.translate) return ident(field.column!)
  // A translated field's expression depends on nothing but the language.
  return sql`(${fieldExpression({ context: { lang: language } } as Env, field, new Scope(field.model.table))})`
}

/** For equality, sets, ranges and beginnings: the database's collation is C. */
export const plainIndex = (field: FieldInfo, language: string): string => textOf(sql`using btree (${expression(field, language)})`)

/** With another column along, so that who asks by both needs no row. */
export const coveringIndex = (field: FieldInfo, along: FieldInfo): string =>
  textOf(sql`using btree (${ident(field.column!)}) include (${ident(along.column!)})`)

/** Rows that hold nothing are left out: most contacts have no picture. */
export const sparseIndex = (column: string): string => textOf(sql`using btree (${ident(column)}) where ${ident(column)} is not null`)

export const columnsIndex = (columns: readonly string[]): string => textOf(sql`using btree (${join(columns.map(ident))})`)

/** An index in C serves no `order by … collate`, nor does one in ICU serve `=`: both are needed. */
export const sortIndex = (field: FieldInfo, language: string): string | null =>
  isSorted(field) ? textOf(sql`using btree (${expression(field, language)} collate "und-x-icu")`) : null

export const trigramIndex = (field: FieldInfo, language: string): string =>
  textOf(sql`using gin (${expression(field, language)} gin_trgm_ops)`)

/** The whole order of a list, so that its first page is read from the index. */
export const orderIndex = (terms: readonly OrderTerm[]): string =>
  textOf(
    sql`using btree (${join(terms.map(({ field, descending }) => sql`${ident(field.column!)}${isSorted(field) ? sql` collate "und-x-icu"` : sql``}${descending ? sql` desc` : sql``}`))})`,
  )

export function uniqueIndex(fields: readonly FieldInfo[], fold: boolean): string {
  const parts = fields.map((field) => {
    const value = expression(field, 'en_US')
    return fold && typeName(field) === 'text' ? sql`lower(${value})` : value
  })
  return textOf(sql`using btree (${join(parts)})`)
}

/** One array: quicker to parse than an `in`, which is a tree of constants. */
export function choiceCheck(column: string, choices: readonly string[]): string {
  const list = choices.map((choice) => `"${choice.replace(/["\\]/g, '\\$&')}"`).join(',')
  return textOf(sql`${ident(column)} = any(${constant(`{${list}}`)}::text[])`)
}
