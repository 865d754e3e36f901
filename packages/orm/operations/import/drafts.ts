import type { Env } from '../../env.ts'
import { UserError } from '../../errors.ts'
import { parseCell } from './cells.ts'
import type { Before } from './history.ts'
import { type Column, type Extract, type Plan, type Text, isEmpty } from './plan.ts'
import { References, completeName, demandOne } from './references.ts'

/** What an import says of a record or of the file, in the shape that clients of `load` know. */
export interface Message {
  readonly type: 'error' | 'warning'
  readonly message: string
  /** The record's number among those of the file, from 0, and its rows. */
  readonly record: number
  readonly rows: { readonly from: number; readonly to: number }
  readonly field: string | false
  /** The cell that is meant, by row and column from 0; null where the record as a whole is refused. */
  readonly cell: CellAt | null
}

export interface CellAt {
  readonly row: number
  readonly column: number
}

/** A record of the file on its way to the database. */
export interface Draft {
  readonly index: number
  readonly rows: { readonly from: number; readonly to: number }
  /** Its complete external id, if the file gives one. */
  readonly xid: string | null
  /** Whether this is the first to bear that name. */
  readonly isNamed: boolean
  /** The record it changes; null for a new one (until it is made). */
  id: number | null
  isNew: boolean
  readonly values: Record<string, unknown>
  /** Links to records that the same file makes above this one, by field. */
  readonly links: Map<string, Draft>
  /** The draft above that is the same record. */
  same: Draft | null
  /** What the record held before, of the fields that this changes; null while nothing is known of it. */
  before: Before | null
  readonly messages: Message[]
}

/** The file's records with every value understood, and what could not be understood noted on each. */
export async function draftsOf(env: Env, plan: Plan, extracts: readonly Extract[]): Promise<Draft[]> {
  const references = new References(env)
  for (const one of extracts) wantAll(env, references, plan, one)
  await references.resolve()
  const above: Above = { xids: new Map(), ids: new Map(), names: new Map() }
  return extracts.map((one, index) => draftOf({ env, plan, references, above }, one, index))
}

/** Drafts by what later rows may call them. */
interface Above {
  readonly xids: Map<string, Draft>
  readonly ids: Map<number, Draft>
  readonly names: Map<string, Draft[]>
}
interface Work {
  readonly env: Env
  readonly plan: Plan
  readonly references: References
  readonly above: Above
}

function wantAll(env: Env, references: References, plan: Plan, { cells, lists }: Extract): void {
  for (const [column, cell] of cells) {
    if (isEmpty(cell) || column.kind === 'value') continue
    if (column.kind === 'self') references.want(plan.model, column.by, cell)
    else for (const part of partsOf(column, cell)) references.want(env.modelOf(column.field.comodel!), column.by, part)
  }
  for (const { field, plan: inner } of plan.lists) for (const line of lists.get(field) ?? []) wantAll(env, references, inner, line)
}

/** A many2many cell names several records, with commas between. */
const partsOf = (column: Column & { kind: 'reference' }, cell: Text): Text[] =>
  column.field.kind === 'many2many'
    ? String(cell)
        .split(',')
        .map((part) => part.trim())
        .filter(Boolean)
    : [cell]

function draftOf(work: Work, one: Extract, index: number): Draft {
  const { plan, above } = work
  const self = selfOf(work, one)
  const same = (self.xid ? above.xids.get(self.xid) : undefined) ?? (self.id === null ? undefined : above.ids.get(self.id)) ?? null
  const isNamed = self.xid !== null && !above.xids.has(self.xid) && !work.references.target(self.xid)
  const draft: Draft = {
    index,
    rows: { from: one.from, to: one.to },
    xid: self.xid,
    isNamed,
    id: self.id,
    isNew: self.id === null,
    values: {},
    links: new Map(),
    messages: [],
    same,
    before: null,
  }
  if (self.fault) note(draft, self.field, self.fault, { row: one.from, column: self.column })
  // The first of two rows about one new record makes it, the second changes it.
  if (draft.same) draft.isNew = false
  fill(work, draft, one)
  for (const { field, plan: inner } of plan.lists) {
    const lines = one.lists.get(field) ?? []
    if (lines.length > 0) draft.values[field.name] = lines.map((line) => commandOf({ ...work, plan: inner }, draft, field.name, line))
  }
  if (draft.xid) above.xids.set(draft.xid, draft.same ?? draft)
  if (draft.id !== null) above.ids.set(draft.id, draft.same ?? draft)
  const { name } = draft.values
  if (typeof name === 'string' && !draft.same) above.names.set(name, [...(above.names.get(name) ?? []), draft])
  return draft
}

interface Self {
  readonly xid: string | null
  readonly id: number | null
  readonly fault: string | null
  /** `id` or `.id`, and its column: what the fault is about. */
  readonly field: 'id' | '.id'
  readonly column: number
}

/** Which record the row is about: an external id that is free, or leads to a record of this model; or an id that must exist. */
function selfOf({ env, plan, references }: Work, { cells }: Extract): Self {
  let [xid, id]: [string | null, number | null] = [null, null]
  for (const [column, cell] of cells) {
    if (column.kind !== 'self' || isEmpty(cell)) continue
    const refuse = (fault: string): Self => ({ xid: null, id: null, fault, field: column.by === 'id' ? '.id' : 'id', column: column.at })
    if (column.by === 'id') {
      const found = references.find(plan.model, 'id', cell)
      if ('fault' in found) return refuse(found.fault)
      id = found.ids[0]!
      continue
    }
    xid = completeName(env, String(cell))
    const quoted = { value: xid.slice(0, 80) }
    const fault = faultOfName(env, xid)
    if (fault) return refuse(fault)
    const target = references.target(xid)
    if (!target) {
      // Names in an app's own module are given by the app: an upgrade would take such a record for its own.
      const [module = ''] = xid.split('.')
      if (!env.isSystem && env.registry.apps.some((app) => app.name === module))
        return refuse(env.t("The external id '{value}' belongs to an app", quoted))
      continue
    }
    if (target.model !== plan.model.name) return refuse(env.t("The external id '{value}' is taken by another kind of record", quoted))
    if (id !== null && id !== target.id) return refuse(env.t("The external id '{value}' and the id mean two records", quoted))
    id = target.id
  }
  return { xid, id, fault: null, field: 'id', column: -1 }
}

const faultOfName = (env: Env, name: string): string | null =>
  /^[A-Za-z0-9_-]{1,64}\.[^\s.]{1,120}$/.test(name) ? null : env.t("'{value}' cannot be an external id", { value: name.slice(0, 80) })

function fill(work: Work, draft: Draft, { cells, from }: Extract): void {
  for (const [column, cell] of cells) {
    if (column.kind === 'self') continue
    const { name } = column.field
    if (isEmpty(cell) && !(column.kind === 'value' && column.field.kind === 'boolean' && cell === false)) {
      // An empty cell empties the field of a record that is there, and leaves a new one its default.
      if (!draft.isNew) draft.values[name] = false
      continue
    }
    attempt(draft, name, { row: from, column: column.at }, () => {
      const link = column.kind === 'reference' ? linkAbove(work, column, cell) : null
      if (link) draft.links.set(name, link)
      else draft.values[name] = valueOf(work, column, cell)
    })
  }
}

function valueOf({ env, references }: Work, column: Column & { kind: 'value' | 'reference' }, cell: Text): unknown {
  if (column.kind === 'value') return parseCell(env, column.field, cell)
  const comodel = env.modelOf(column.field.comodel!)
  const ids = partsOf(column, cell).map((part) => demandOne(env, references.find(comodel, column.by, part), part))
  return column.field.kind === 'many2many' ? [[6, 0, ids]] : ids[0]!
}

/** The record above in the file that the cell means, where it is not in the database already. */
function linkAbove({ env, plan, references, above }: Work, column: Column & { kind: 'reference' }, cell: Text): Draft | null {
  if (column.field.kind !== 'many2one' || column.field.comodel !== plan.model.name || column.by === 'id') return null
  const known = references.find(plan.model, column.by, cell)
  if (column.by === 'xid') return 'ids' in known ? null : (above.xids.get(completeName(env, String(cell))) ?? null)
  const drafts = (above.names.get(String(cell)) ?? []).filter((draft) => draft.isNew)
  const count = drafts.length + ('ids' in known ? known.ids.length : 0)
  if (count > 1) demandOne(env, { ids: Array.from({ length: count }, () => 0) }, cell)
  return drafts[0] ?? null
}

/** A line of a list: a new one, or a change of one that is there. What is wrong with its cells is noted on the record. */
function commandOf(work: Work, draft: Draft, head: string, line: Extract): unknown {
  const { env } = work
  const self = selfOf(work, line)
  const isNameless = self.xid !== null && self.id === null
  if (self.fault) note(draft, head, self.fault, { row: line.from, column: self.column })
  else if (isNameless)
    note(draft, head, env.t('New lines of a list cannot be given external ids: import them by themselves'), {
      row: line.from,
      column: [...line.cells.keys()].find((column) => column.kind === 'self')!.at,
    })
  const values: Record<string, unknown> = {}
  for (const [column, cell] of line.cells) {
    if (column.kind === 'self') continue
    if (!isEmpty(cell))
      attempt(draft, head, { row: line.from, column: column.at }, () => {
        values[column.field.name] = valueOf(work, column, cell)
      })
    else if (self.id !== null) values[column.field.name] = false
  }
  for (const { field, plan: inner } of work.plan.lists) {
    const lines = line.lists.get(field) ?? []
    if (lines.length > 0) values[field.name] = lines.map((one) => commandOf({ ...work, plan: inner }, draft, head, one))
  }
  if (self.id === null) return [0, 0, values]
  return Object.keys(values).length === 0 ? [4, self.id] : [1, self.id, values]
}

function attempt(draft: Draft, field: string, cell: CellAt, work: () => void): void {
  try {
    work()
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    note(draft, field, error.message, cell)
  }
}

export function note(draft: Draft, field: string | false, message: string, cell: CellAt | null = null): void {
  draft.messages.push({ type: 'error', message, record: draft.index, rows: draft.rows, field, cell })
}
