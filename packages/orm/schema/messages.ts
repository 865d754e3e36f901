import type { FieldInfo, Model, Registry } from '../registry.ts'
import type { Translate } from '../texts.ts'
import { desiredSchema } from './desired.ts'
import type { Table } from './schema.ts'

/** What PostgreSQL says of a violation; pg's `DatabaseError` fits. */
export interface Violation {
  /** 23505 unique, 23502 not null, 23503 foreign key, 23514 check. */
  readonly code?: string | undefined
  readonly constraint?: string | undefined
  readonly table?: string | undefined
  readonly column?: string | undefined
  readonly detail?: string | undefined
}

/**
 * A violated constraint as a sentence for the person whose change broke it: the declared message of a `unique`, else one that names
 * model and field by their labels. Null when the constraint is none that the declarations made: that is nobody's input, but a fault.
 */
export function constraintMessage(registry: Registry, violation: Violation, t: Translate): string | null {
  const table = tablesOf(registry).get(violation.table ?? '')
  if (!table) return null
  switch (violation.code) {
    case '23505':
      return uniqueMessage(table, violation, t)
    case '23502':
      return requiredMessage(table, violation, t)
    case '23503':
      return linkMessage(registry, table, violation, t)
    case '23514':
      return checkMessage(table, violation, t)
    default:
      return null
  }
}

const known = new WeakMap<Registry, ReadonlyMap<string, Table>>()

function tablesOf(registry: Registry): ReadonlyMap<string, Table> {
  const ready = known.get(registry)
  if (ready) return ready
  // Names of files' constraints do not depend on whether there is a table of files; give it, so that they are told too.
  const blob = { name: 'blob', ddl: [], runtime: [] }
  const { tables } = desiredSchema(registry, { tables: [blob], languages: ['en_US'], hasTrigrams: true })
  const map = new Map(tables.map((table) => [table.name, table]))
  known.set(registry, map)
  return map
}

function uniqueMessage(table: Table, { constraint }: Violation, t: Translate): string | null {
  const unique = table.indexes.find((index) => index.name === constraint)?.unique
  const model = t(table.label)
  if (unique?.message) return t(unique.message)
  if (unique)
    return t('{model}: another record has the same {fields}.', {
      model: t(unique.model.label),
      fields: together(
        unique.fields.map((field) => t(field.label)),
        t,
      ),
    })
  if (constraint !== `${table.name}_pkey`) return null
  return table.primaryKey.length > 1
    ? t('{model}: the same record was added twice.', { model })
    : t('{model}: a record with this id exists already.', { model })
}

function requiredMessage(table: Table, { column }: Violation, t: Translate): string | null {
  const field = table.columns.find((one) => one.name === column)
  return field ? t('{model}: {field} must not be empty.', { model: t(table.label), field: t(field.label) }) : null
}

function linkMessage(registry: Registry, table: Table, { constraint, detail }: Violation, t: Translate): string | null {
  const key = table.foreignKeys.find((one) => one.name === constraint)
  if (!key) return null
  const field = `${t(key.field.label)} (${t(key.field.model.label)})`
  return detail?.includes('is still referenced')
    ? t('{model}: this record is still in use as {field}, so it cannot be deleted. Archive it, or change what refers to it first.', {
        model: t(targetLabel(registry, key.table, key.field)),
        field,
      })
    : t('{field}: the record chosen does not exist any more. Please choose another.', { field })
}

const targetLabel = (registry: Registry, table: string, field: FieldInfo): string =>
  [...registry.models.values()].find((model: Model) => model.table === table)?.label ?? field.label

function checkMessage(table: Table, { constraint }: Violation, t: Translate): string | null {
  const check = table.checks.find((one) => one.name === constraint)
  return check
    ? t('{model}: {field} has a value that is none of its choices.', { model: t(table.label), field: t(check.field.label) })
    : null
}

const together = (labels: readonly string[], t: Translate): string =>
  labels.length < 2 ? labels.join('') : t('{some} and {last}', { some: labels.slice(0, -1).join(', '), last: labels.at(-1)! })
