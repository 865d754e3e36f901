import type { Env } from '../../env.ts'
import { ArgumentError, ValueError } from '../../errors.ts'
import type { FieldInfo, Model } from '../../registry.ts'
import { settableField } from '../../rules.ts'

/** How a cell says which record it means: by its name, its external id or its id. */
export type By = 'name' | 'xid' | 'id'

export type Column =
  | { readonly kind: 'self'; readonly at: number; readonly by: 'xid' | 'id' }
  | { readonly kind: 'value'; readonly at: number; readonly field: FieldInfo }
  | { readonly kind: 'reference'; readonly at: number; readonly field: FieldInfo; readonly by: By }

/** The columns of one model: its own, and those of its lists. */
export interface Plan {
  readonly model: Model
  readonly own: readonly Column[]
  readonly lists: readonly { readonly field: FieldInfo; readonly plan: Plan }[]
}

export type Text = string | number | boolean
/** A record as rows give it, with the rows of its lists. */
export interface Extract {
  readonly cells: ReadonlyMap<Column, Text>
  readonly lists: ReadonlyMap<FieldInfo, readonly Extract[]>
  readonly from: number
  readonly to: number
}

interface Named {
  readonly at: number
  readonly path: readonly string[]
}

/** Which column fills what. Throws ValueError for one that is not there for the caller, or cannot be set. */
export function planColumns(env: Env, model: Model, fields: readonly string[]): Plan {
  if (fields.length === 0 || fields.length > 500) throw new ArgumentError('load() needs the names of the columns')
  // `partner_id.id` and `partner_id:id` are older spellings of `partner_id/.id` and `partner_id/id`.
  const named = fields.map((text, at) => ({
    at,
    path: text
      .replace(/([^/])\.id$/, '$1/.id')
      .replace(/:id$/, '/id')
      .split('/'),
  }))
  return planOf(env, model, named, fields)
}

/** Tells the rows that begin a record from those that go on with the lists of the one above. Throws ValueError as `planColumns` does. */
export function recordStarts(env: Env, model: Model, fields: readonly string[]): (row: readonly Text[]) => boolean {
  const plan = planColumns(env, model, fields)
  return (row) => hasOwn(plan, row)
}

function planOf(env: Env, model: Model, named: readonly Named[], fields: readonly string[]): Plan {
  const own: Column[] = []
  const lists = new Map<FieldInfo, Named[]>()
  for (const { at, path } of named) {
    const [head = '', ...rest] = path
    const wrong = (): ValueError => new ValueError(`Invalid field '${fields[at]!.slice(0, 80)}' in '${model.name}'`)
    if (head === 'id' || head === '.id') {
      if (rest.length > 0) throw wrong()
      own.push({ kind: 'self', at, by: head === 'id' ? 'xid' : 'id' })
      continue
    }
    const field = settableField(env, model, head, 'create') ?? settableField(env, model, head, 'write')
    if (!field || field.options.secret) throw wrong()
    if (field.kind === 'one2many') {
      if (rest.length === 0 || path.length > 4) throw wrong()
      lists.set(field, [...(lists.get(field) ?? []), { at, path: rest }])
    } else if (field.comodel) own.push({ kind: 'reference', at, field, by: byOf(rest) ?? fail(wrong()) })
    else if (rest.length > 0 || field.kind === 'json') throw wrong()
    else own.push({ kind: 'value', at, field })
  }
  return {
    model,
    own,
    lists: [...lists].map(([field, inner]) => ({ field, plan: planOf(env, env.modelOf(field.comodel!), inner, fields) })),
  }
}

const fail = (error: Error): never => {
  throw error
}

function byOf(rest: readonly string[]): By | null {
  if (rest.length > 1) return null
  const [how] = rest
  return how === undefined || how === 'name' || how === 'display_name' ? 'name' : how === 'id' ? 'xid' : how === '.id' ? 'id' : null
}

/** Cuts rows into records: one whose own cells are empty goes on with the lists of the record above; wholly empty ones are passed over. */
export function extract(plan: Plan, rows: readonly (readonly Text[])[], from = 0, to = rows.length): Extract[] {
  const starts: number[] = []
  for (let i = from; i < to; i++) if (hasOwn(plan, rows[i]!) || (starts.length === 0 && hasAny(plan, rows[i]!))) starts.push(i)
  return starts.map((start, n) => {
    const end = starts[n + 1] ?? to
    const lists = plan.lists.map(({ field, plan: inner }): [FieldInfo, Extract[]] => [field, extract(inner, rows, start, end)])
    return {
      cells: new Map(plan.own.map((column) => [column, cellAt(rows[start]!, column.at)])),
      lists: new Map(lists),
      from: start,
      to: lastOf(rows, plan, start, end),
    }
  })
}

function lastOf(rows: readonly (readonly Text[])[], plan: Plan, start: number, end: number): number {
  for (let i = end - 1; i > start; i--) if (hasAny(plan, rows[i]!)) return i
  return start
}

const cellAt = (row: readonly Text[], at: number): Text => {
  const cell = row[at] ?? ''
  return typeof cell === 'string' ? cell.trim() : cell
}

// In a cell made by a program `false` is the protocol's way to say empty.
export const isEmpty = (cell: Text): boolean => cell === '' || cell === false
const hasOwn = (plan: Plan, row: readonly Text[]): boolean => plan.own.some(({ at }) => !isEmpty(cellAt(row, at)))
const hasAny = (plan: Plan, row: readonly Text[]): boolean => hasOwn(plan, row) || plan.lists.some((list) => hasAny(list.plan, row))
