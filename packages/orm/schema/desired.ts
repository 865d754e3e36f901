import { createHash } from 'node:crypto'
import type { FieldInfo, Model, OrderTerm, Registry } from '../registry.ts'
import {
  choiceCheck,
  columnDefault,
  columnType,
  columnsIndex,
  coveringIndex,
  fillOf,
  orderIndex,
  plainIndex,
  sortIndex,
  sparseIndex,
  trigramIndex,
  uniqueIndex,
} from '../sql/schema-definitions.ts'
import type { SystemTable } from '../sql/system-table.ts'
import type { Check, Column, ForeignKey, Index, Schema, Table } from './schema.ts'

export interface SchemaOptions {
  /** Tables that are no models, in the order in which they are made. */
  tables: readonly SystemTable[]
  /** Active languages: a translated field that is indexed has an index for each. */
  languages: readonly string[]
  /** Whether pg_trgm is there. */
  hasTrigrams: boolean
}

/** The schema that the declarations ask for. */
export function desiredSchema(registry: Registry, options: SchemaOptions): Schema {
  const hasBlobs = options.tables.some((table) => table.name === 'blob')
  const models = [...registry.models.values()]
  const tables = [
    ...models.map((model) => modelTable(model, registry, options, hasBlobs)),
    ...models.flatMap((model) => [...model.fields.values()].filter(ownsLinks).map((field) => linkTable(field, registry))),
  ]
  return { system: options.tables, tables: withoutClashes(tables) }
}

const stored = (model: Model): FieldInfo[] => [...model.fields.values()].filter((field) => field.column !== null)
const ownsLinks = (field: FieldInfo): boolean => field.links?.mine === 'left_id'

/** PostgreSQL would cut a long name silently, and perhaps to one that exists. */
export function shortened(name: string): string {
  return name.length <= 63 ? name : `${name.slice(0, 54)}_${digest(name)}`
}

export const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8)

function modelTable(model: Model, registry: Registry, options: SchemaOptions, hasBlobs: boolean): Table {
  const fields = stored(model)
  return {
    name: model.table,
    mark: `erp4 model ${model.name}`,
    label: model.label,
    primaryKey: ['id'],
    columns: fields.map(columnOf),
    indexes: [...uniques(model), ...fields.flatMap((field) => fieldIndexes(field, options)), ...modelIndexes(model)],
    foreignKeys: fields.flatMap((field) => foreignKeys(field, registry, hasBlobs)),
    checks: fields.flatMap(checks),
  }
}

/** What the table holds for one of its fields, and nothing else of it. */
export function partFor(field: FieldInfo, registry: Registry): Table {
  return {
    name: field.model.table,
    mark: `erp4 model ${field.model.name}`,
    label: field.model.label,
    primaryKey: ['id'],
    columns: [columnOf(field)],
    indexes: fieldIndexes(field, { tables: [], languages: [], hasTrigrams: false }),
    foreignKeys: foreignKeys(field, registry, false),
    checks: checks(field),
  }
}

const alwaysThere = new Set(['id', 'create_date', 'write_date', 'version'])

function columnOf(field: FieldInfo): Column {
  const required = field.magic
    ? alwaysThere.has(field.name)
    : !field.options.companyDependent &&
      !(field.custom && field.kind !== 'boolean') &&
      (field.kind === 'boolean' || (Boolean(field.options.required) && field.computed === null))
  return {
    name: field.column!,
    label: field.label,
    type: columnType(field),
    required,
    field,
    default: columnDefault(field),
    fill: fillOf(field),
    isIdentity: field.magic && field.name === 'id',
  }
}

function foreignKeys(field: FieldInfo, registry: Registry, hasBlobs: boolean): ForeignKey[] {
  const name = shortened(`${field.model.table}_${field.column}_fkey`)
  if (field.options.companyDependent || field.magic) return []
  if (field.kind === 'many2one')
    return [
      {
        name,
        column: field.column!,
        table: registry.models.get(field.comodel!)!.table,
        key: 'id',
        field,
        onDelete: field.custom ? 'set null' : 'no action',
      },
    ]
  return field.kind === 'binary' && hasBlobs
    ? [{ name, column: field.column!, table: 'blob', key: 'hash', field, onDelete: 'no action' }]
    : []
}

// PostgreSQL parses a table's checks again with every statement that writes to it: 600 time zones cost 0.4 ms each time, four
// kinds of address 15 µs. Longer lists are kept by the ORM alone.
const mostChoices = 20

function checks(field: FieldInfo): Check[] {
  const choices = Object.keys(field.choices ?? {})
  // Those of people's own fields change without the owner of the tables: the ORM keeps them.
  if (field.kind !== 'selection' || field.custom || field.options.companyDependent || choices.length > mostChoices) return []
  const definition = choiceCheck(field.column!, choices)
  return [{ name: shortened(`${field.model.table}_${field.column}_check`), definition, mark: `erp4 choices ${digest(definition)}`, field }]
}

function uniques(model: Model): Index[] {
  return model.unique.map(({ fields: names, fold, message }) => {
    const fields = names.map((name) => model.fields.get(name)!)
    return {
      name: shortened(`${model.table}_${names.join('_')}_key`),
      definition: uniqueIndex(fields, fold),
      unique: { model, fields, message },
    }
  })
}

const speed = (name: string, definition: string): Index => ({ name: shortened(name), definition, unique: null })

function fieldIndexes(field: FieldInfo, { languages, hasTrigrams }: SchemaOptions): Index[] {
  const at = `${field.model.table}_${field.column}`
  if (field.magic || field.options.companyDependent) return []
  if (field.kind === 'binary') return [speed(`${at}_idx`, sparseIndex(field.column!))]
  // Most records have no value in a field that people made later: one that is made in an instant, and serves whoever looks for a value.
  if (field.kind === 'many2one' && field.custom) return [speed(`${at}_idx`, sparseIndex(field.column!))]
  // A list shows what is active in the companies of its reader: how many that are is counted in this index alone.
  if (field.name === 'company_id' && field.model.hasActive)
    return [speed(`${at}_idx`, coveringIndex(field, field.model.fields.get('active')!))]
  // Whoever deletes a record looks for what refers to it.
  if (field.kind === 'many2one' || field.kind === 'reference') return [speed(`${at}_idx`, plainIndex(field, ''))]
  if ((!field.options.index && field.name !== 'parent_path') || field.kind === 'json') return []
  if (!field.options.translate) return textIndexes(field, at, 'en_US', hasTrigrams)
  return languages.flatMap((language) =>
    textIndexes(field, `${at}_${language.toLowerCase().replace(/[^a-z0-9]+/g, '_')}`, language, hasTrigrams),
  )
}

function textIndexes(field: FieldInfo, at: string, language: string, hasTrigrams: boolean): Index[] {
  const sorted = field.name === 'parent_path' || leadsOrder(field) ? null : sortIndex(field, language)
  return [
    speed(`${at}_idx`, plainIndex(field, language)),
    ...(sorted ? [speed(`${at}_sort`, sorted)] : []),
    ...(field.options.index === 'trigram' && hasTrigrams ? [speed(`${at}_trgm`, trigramIndex(field, language))] : []),
  ]
}

const leadsOrder = (field: FieldInfo): boolean => {
  const terms = orderTerms(field.model)
  return terms.length > 0 && terms[0]!.field.column === field.column
}

function modelIndexes(model: Model): Index[] {
  const terms = orderTerms(model)
  const hangs = model.hangsOn ? [model.fields.get(model.hangsOn.model)?.column, model.fields.get(model.hangsOn.id)?.column] : []
  return [
    ...(terms.length > 0 ? [speed(`${model.table}_order_idx`, orderIndex(terms))] : []),
    ...(hangs.length > 0 && hangs.every((column) => column != null) ? [speed(`${model.table}_hangs_idx`, columnsIndex(hangs))] : []),
  ]
}

/**
 * The model's order with `id` last, as queries write it; empty where an index could not give it: a translated or company's value, a
 * record's name, nothing but the id.
 */
function orderTerms(model: Model): OrderTerm[] {
  const terms: OrderTerm[] = []
  for (const { field, descending } of model.order) {
    const own = field.related?.length === 1 ? model.fields.get(field.related[0]!)! : field
    if (own.column === null || own.kind === 'many2one' || own.kind === 'json' || own.options.translate || own.options.companyDependent)
      return []
    terms.push({ field: own, descending })
    if (own.name === 'id') return terms.length > 1 ? terms : []
  }
  return [...terms, { field: model.fields.get('id')!, descending: false }]
}

function linkTable(field: FieldInfo, registry: Registry): Table {
  const { table } = field.links!
  const side = (column: string, model: string): ForeignKey => ({
    name: shortened(`${table}_${column}_fkey`),
    column,
    table: registry.models.get(model)!.table,
    key: 'id',
    field,
    onDelete: 'no action',
  })
  const column = (name: string, model: string): Column => ({
    name,
    label: registry.models.get(model)!.label,
    type: 'integer',
    required: true,
    default: null,
    isIdentity: false,
    fill: null,
    field,
  })
  return {
    name: table,
    mark: `erp4 links ${field.model.name}.${field.name}`,
    label: `${field.model.label}: ${field.label}`,
    primaryKey: ['left_id', 'right_id'],
    columns: [column('left_id', field.model.name), column('right_id', field.comodel!)],
    indexes: [speed(`${table}_right_id_idx`, columnsIndex(['right_id']))],
    foreignKeys: [side('left_id', field.model.name), side('right_id', field.comodel!)],
    checks: [],
  }
}

/** Names of indexes are one namespace in PostgreSQL: `res_bank` + `city_id` and `res_bank_city` + `id` would meet. */
function withoutClashes(tables: readonly Table[]): Table[] {
  const owners = new Map<string, number>()
  for (const name of tables.flatMap((table) => [table.name, ...table.indexes.map((index) => index.name)]))
    owners.set(name, (owners.get(name) ?? 0) + 1)
  const clear = (table: Table, index: Index): Index =>
    owners.get(index.name) === 1 ? index : { ...index, name: `${index.name.slice(0, 54)}_${digest(`${table.name} ${index.definition}`)}` }
  return tables.map((table) => ({ ...table, indexes: table.indexes.map((index) => clear(table, index)) }))
}
