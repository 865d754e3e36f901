import {
  addColumn,
  asksColumn,
  asksConversion,
  asksFlag,
  asksTable,
  conversions,
  convertColumn,
  createCheck,
  createForeignKey,
  createIndex,
  createIndexConcurrently,
  createTable,
  dropColumn,
  dropConstraint,
  dropIndex,
  dropTable,
  makeSystemTable,
  markOf,
  markTable,
  releaseColumn,
  requireColumn,
  setDefault,
} from '../sql/schema-statements.ts'
import type { SystemTable } from '../sql/system-table.ts'
import { digest } from './desired.ts'
import type { ActualSchema, ActualTable, Column, Index, Schema, Table } from './schema.ts'

/**
 * 'grow': what old data bears (new tables and columns, wider types, less demanded). Then code may move data. 'bind': what it must
 * bear (required, unique, links, indexes), and what goes away. 'later': after the commit, without locking out anybody.
 */
export type Phase = 'grow' | 'bind' | 'later'

export interface Step {
  /** To allow it by: `drop res_partner.fax`. */
  readonly name: string
  readonly phase: Phase
  /** Run one by one; the one statement of a 'later' step must not run in a transaction. */
  readonly sql: readonly string[]
  readonly says: string
  /** Data would be gone that nobody can bring back: refused unless allowed by name. */
  readonly loses: boolean
  /** A query for one boolean, `loses`: whether there is such data at all. */
  readonly asks: string | null
  /** On a table that this plan makes: there is no data that could be in the way. */
  readonly isFresh: boolean
  /** The constraint or index that the step makes. */
  readonly makes: string | null
}

export interface DiffOptions {
  /** From so many rows on, indexes are made after the commit, concurrently. */
  concurrentlyFrom: number
}

/** What leads from `actual` to `desired`, in order. Pure; columns `x_…`, and what was made by hand, are left alone. */
export function diff(desired: Schema, actual: ActualSchema, { concurrentlyFrom }: DiffOptions = { concurrentlyFrom: 100_000 }): Step[] {
  const known = new Set([...desired.tables.map((table) => table.name), ...desired.system.map((table) => table.name)])
  const gone = [...actual.tables.values()].filter((table) => !known.has(table.name) && table.mark?.startsWith('erp4 '))
  return inOrder([
    ...desired.system.flatMap((table) => systemSteps(table, actual.tables.get(table.name))),
    ...desired.tables.flatMap((table) => tableSteps(table, actual.tables.get(table.name), concurrentlyFrom)),
    ...gone.flatMap(dropSteps),
  ])
}

interface Draft {
  rank: number
  step: Step
}

const ranks = {
  system: 0,
  unlink: 1,
  unindex: 2,
  table: 3,
  column: 4,
  release: 5,
  convert: 6,
  require: 10,
  check: 11,
  unique: 12,
  index: 13,
  link: 14,
  dropColumn: 15,
  dropTable: 16,
} as const

function draft(kind: keyof typeof ranks, name: string, sql: string | readonly string[], says: string, extra: Partial<Step> = {}): Draft {
  const rank = ranks[kind]
  const step: Step = {
    name,
    sql: typeof sql === 'string' ? [sql] : sql,
    says,
    phase: rank < 10 ? 'grow' : 'bind',
    loses: false,
    asks: null,
    isFresh: false,
    makes: null,
    ...extra,
  }
  return { rank, step }
}

const inOrder = (drafts: readonly Draft[]): Step[] => drafts.toSorted((a, b) => a.rank - b.rank).map(({ step }) => step)

function systemSteps(table: SystemTable, actual: ActualTable | undefined): Draft[] {
  const mark = `erp4 system ${digest(table.ddl.join(';'))}`
  if (actual?.mark === mark) return []
  return [
    draft(
      'system',
      `system ${table.name}`,
      makeSystemTable(table, mark),
      `${actual ? 'Brings' : 'Makes'} the system's table ${table.name}${actual ? ' up to date' : ''}.`,
      { isFresh: !actual },
    ),
  ]
}

function tableSteps(table: Table, actual: ActualTable | undefined, concurrentlyFrom: number): Draft[] {
  if (!actual) return freshSteps(table)
  return [
    ...(actual.mark === table.mark
      ? []
      : [draft('table', `mark ${table.name}`, markTable(table), `Takes the table ${table.name} for ${table.label}.`)]),
    ...staleSteps(table, actual),
    ...table.columns.flatMap((column) => columnSteps(table, column, actual)),
    ...[...actual.columns.keys()]
      .filter((name) => !isCustom(name) && !table.columns.some((column) => column.name === name))
      .flatMap((name) => dropColumnSteps(table.name, table.label, name, actual)),
    ...table.checks.filter((check) => actual.checks.get(check.name)?.mark !== check.mark).map((check) => checkStep(table, check, false)),
    ...table.indexes
      .filter((index) => !isThere(index, actual))
      .map((index) => indexStep(table, index, actual.rows >= concurrentlyFrom ? 'later' : 'bind', false)),
    ...table.foreignKeys
      .filter((key) => !actual.foreignKeys.has(key.name) || !isSame(key, actual))
      .map((key) => keyStep(table, key, false)),
  ]
}

/** A field added to a running instance by its own people: none of the apps' business. */
const isCustom = (column: string): boolean => column.startsWith('x_')

const isThere = (index: Index, actual: ActualTable): boolean => {
  const known = actual.indexes.get(index.name)
  return known !== undefined && known.isValid && known.mark === markOf(index)
}

const isSame = (key: Table['foreignKeys'][number], actual: ActualTable): boolean => {
  const known = actual.foreignKeys.get(key.name)
  return known !== undefined && known.isOurs && known.column === key.column && known.table === key.table && known.onDelete === key.onDelete
}

function freshSteps(table: Table): Draft[] {
  const fresh = { isFresh: true }
  return [
    draft('table', `create ${table.name}`, createTable(table), `Makes the table ${table.name} for ${table.label}.`, fresh),
    ...table.checks.map((check) => checkStep(table, check, true)),
    ...table.indexes.map((index) => indexStep(table, index, 'bind', true)),
    ...table.foreignKeys.map((key) => keyStep(table, key, true)),
  ]
}

/** What is ours and no longer as declared goes first: it could stand in the way of a new type. */
function staleSteps(table: Table, actual: ActualTable): Draft[] {
  const keys = [...actual.foreignKeys].filter(
    ([name, { column }]) =>
      !isCustom(column) && name.endsWith('_fkey') && !table.foreignKeys.some((key) => key.name === name && isSame(key, actual)),
  )
  const checks = [...actual.checks].filter(
    ([name, { mark }]) => mark?.startsWith('erp4 ') && !table.checks.some((check) => check.name === name && check.mark === mark),
  )
  const wanted = (name: string) => table.indexes.find((index) => index.name === name)
  const indexes = [...actual.indexes].filter(
    ([name, { mark }]) => (mark?.startsWith('erp4 ') || wanted(name)) && !(wanted(name) && isThere(wanted(name)!, actual)),
  )
  return [
    ...[...keys, ...checks].map(([name]) =>
      draft(
        'unlink',
        `constraint ${name}`,
        dropConstraint(table.name, name),
        `Lifts the constraint ${name} of ${table.label}, which is declared no more or otherwise.`,
      ),
    ),
    ...indexes.map(([name]) =>
      draft(
        'unindex',
        `unindex ${name}`,
        dropIndex(name),
        `Drops the index ${name} of ${table.label}, which is declared no more or otherwise.`,
      ),
    ),
  ]
}

function columnSteps(table: Table, column: Column, actual: ActualTable): Draft[] {
  const at = `${table.name}.${column.name}`
  const known = actual.columns.get(column.name)
  const requiring = draft('require', `require ${at}`, requireColumn(table.name, column), `Demands ${column.label} in each ${table.label}.`)
  if (!known) {
    const adding = draft('column', `add ${at}`, addColumn(table.name, column), `Adds ${column.label} (${at}) to ${table.label}.`)
    return column.required && column.fill === null ? [adding, requiring] : [adding]
  }
  const releasing =
    !column.required && known.required && !table.primaryKey.includes(column.name)
      ? [draft('release', `release ${at}`, releaseColumn(table.name, column.name), `Demands ${column.label} in ${table.label} no longer.`)]
      : []
  if (known.type !== column.type) {
    const isOpen = !known.required || isReplaced(column, known.type)
    return [...releasing, ...convertSteps(table, column, known.type), ...(column.required && isOpen ? [requiring] : [])]
  }
  const hasDefault = column.default !== null
  return [
    ...releasing,
    ...(known.hasDefault === hasDefault || known.isIdentity
      ? []
      : [draft('column', `default ${at}`, setDefault(table.name, column), `Changes what ${at} holds when nothing is said.`)]),
    ...(column.required && !known.required ? [requiring] : []),
  ]
}

const conversionOf = (column: Column, from: string) =>
  column.field?.options.companyDependent ? undefined : conversions[`${from} → ${column.type}`]
const isReplaced = (column: Column, from: string): boolean => conversionOf(column, from) === undefined && column.fill === null

function convertSteps(table: Table, column: Column, from: string): Draft[] {
  const at = `${table.name}.${column.name}`
  const conversion = conversionOf(column, from)
  if (!conversion) {
    const sql = [dropColumn(table.name, column.name), addColumn(table.name, column)]
    const asks = asksColumn(table.name, column.name)
    return [
      draft(
        'convert',
        `change ${at}`,
        sql,
        `Empties ${column.label} of ${table.label}: its values are ${from} and cannot become ${column.type}.`,
        { loses: true, asks },
      ),
    ]
  }
  const says = `Changes ${column.label} of ${table.label} from ${from} to ${column.type}`
  const sql = convertColumn(table.name, column, conversion)
  if (conversion.loses === null) return [draft('convert', `change ${at}`, sql, `${says}.`)]
  return [
    draft('convert', `change ${at}`, sql, `${says}, and what does not fit is lost.`, {
      loses: true,
      asks: asksConversion(table.name, column.name, conversion.loses),
    }),
  ]
}

function dropColumnSteps(table: string, label: string, column: string, actual: ActualTable): Draft[] {
  const known = actual.columns.get(column)!
  const asks = known.type === 'boolean' ? asksFlag(table, column) : asksColumn(table, column)
  return [
    // Code that moves data before the drop makes records without it.
    ...(known.required
      ? [draft('release', `release ${table}.${column}`, releaseColumn(table, column), `Demands ${table}.${column} no longer.`)]
      : []),
    draft('dropColumn', `drop ${table}.${column}`, dropColumn(table, column), `Drops ${table}.${column}: ${label} declares it no more.`, {
      loses: true,
      asks,
    }),
  ]
}

function dropSteps(table: ActualTable): Draft[] {
  const dropping = draft(
    'dropTable',
    `drop ${table.name}`,
    dropTable(table.name),
    `Drops the table ${table.name} (${table.mark!.slice(5)}), which is declared no more.`,
    { loses: true, asks: asksTable(table.name) },
  )
  const keys = [...table.foreignKeys.keys()].map((name) =>
    draft('unlink', `constraint ${name}`, dropConstraint(table.name, name), `Lifts the constraint ${name} of ${table.name}.`),
  )
  return [...keys, dropping]
}

const checkStep = (table: Table, check: Table['checks'][number], isFresh: boolean): Draft =>
  draft(
    'check',
    `check ${check.name}`,
    createCheck(table.name, check),
    `Allows in ${check.field.label} of ${table.label} only the choices declared.`,
    { isFresh, makes: check.name },
  )

function indexStep(table: Table, index: Index, phase: 'bind' | 'later', isFresh: boolean): Draft {
  if (index.unique) {
    const fields = index.unique.fields.map((field) => field.label).join(' and ')
    return draft(
      'unique',
      `unique ${index.name}`,
      createIndex(table.name, index),
      `Sees to it that no two of ${table.label} share ${fields}.`,
      { isFresh, makes: index.name },
    )
  }
  const sql = phase === 'later' ? createIndexConcurrently(table.name, index) : createIndex(table.name, index)
  return draft('index', `index ${index.name}`, sql, `Indexes ${table.label}: ${index.definition}.`, { phase, isFresh, makes: index.name })
}

const keyStep = (table: Table, key: Table['foreignKeys'][number], isFresh: boolean): Draft =>
  draft('link', `link ${key.name}`, createForeignKey(table.name, key), `Ties ${key.field.label} of ${table.label} to ${key.table}.`, {
    isFresh,
    makes: key.name,
  })
