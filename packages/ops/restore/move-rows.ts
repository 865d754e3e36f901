import type pg from 'pg'
import { OpsError } from '../errors.ts'
import { withClient } from '../provision.ts'

export interface Moved {
  tables: number
  rows: number
  /** References to files, which are no part of a dump: emptied, or left out with their row where they may not be empty. */
  fileReferences: number
}

interface Table {
  /** Quoted, with its schema. */
  sql: string
  name: string
  /** Quoted, in the order of their names. */
  columns: string[]
  /** Columns that refer to `blob`. */
  files: { column: string; isRequired: boolean }[]
}

/** Rows that go in one statement. */
const batch = 500

/**
 * Moves all rows from a database whose catalogue was found to be ours into one that our migrations made, in place of the rows that these made.
 * Statements, tables and columns come from the target's catalogue alone; `ownColumns` (catalogue lines) are added to it first. One
 * transaction: what breaks a constraint is refused, and nothing has changed.
 */
export async function moveRows(source: pg.ClientConfig, target: pg.ClientConfig, ownColumns: readonly string[]): Promise<Moved> {
  return withClient(source, (from) =>
    withClient(target, async (to) => {
      await from.query(
        'begin isolation level repeatable read read only; set local search_path = pg_catalog, pg_temp; set local statement_timeout = 0',
      )
      await to.query(
        'begin; set local statement_timeout = 0; set local role pg_database_owner; set local search_path = pg_catalog, pg_temp',
      )
      try {
        for (const line of ownColumns) await to.query(addColumn(line))
        const tables = await tablesOf(to)
        await to.query(`truncate ${tables.map(({ sql }) => sql).join(', ')}`)
        // Those of the ORM are deferrable; the few of the server are made anew afterwards.
        const rigid = await dropRigidKeys(to)
        await to.query('set constraints all deferred')
        const moved: Moved = { tables: tables.length, rows: 0, fileReferences: 0 }
        for (const table of tables) if (table.name !== 'blob') await moveTable(from, to, table, moved)
        await to.query('set constraints all immediate')
        for (const statement of rigid) await to.query(statement)
        await carrySequences(from, to)
        await to.query('commit')
        return moved
      } catch (error) {
        await to.query('rollback')
        const { code, message } = error as { code?: string; message: string }
        // Class 22: a value that is none; class 23: a constraint.
        if (!code || !/^2[23]/.test(code)) throw error
        throw new OpsError('refused', `The file cannot be restored: its rows contradict each other: ${message}.`, { cause: error })
      }
    }),
  )
}

const ownColumn = /^column public\.([a-z_][a-z0-9_]*) (x_[a-z0-9_]+) ([a-z][a-z0-9 (),]*)$/

/** The line has the form that `isOwnColumn` lets through: names without quotes, a type of PostgreSQL's own. */
function addColumn(line: string): string {
  const [, table, column, type] = ownColumn.exec(line) ?? []
  if (!table) throw new Error(`${JSON.stringify(line)} is no column of a customer`)
  return `alter table public.${table} add column ${column} ${type}`
}

async function tablesOf(db: pg.ClientBase): Promise<Table[]> {
  const { rows } = await db.query<Table>(
    `select format('%I.%I', n.nspname, c.relname) as sql, c.relname as name,
       array(select quote_ident(a.attname) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
             order by a.attname) as columns,
       coalesce((select json_agg(json_build_object('column', quote_ident(a.attname), 'isRequired', a.attnotnull)) from pg_constraint f
          join pg_attribute a on a.attrelid = f.conrelid and a.attnum = f.conkey[1]
          where f.conrelid = c.oid and f.contype = 'f' and f.confrelid = to_regclass('public.blob') and cardinality(f.conkey) = 1), '[]') as files
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and n.nspname = 'public'
       and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
     order by c.relname`,
  )
  return rows
}

/** Gives the statements that make them again, which also proves them. */
async function dropRigidKeys(db: pg.ClientBase): Promise<string[]> {
  const { rows } = await db.query<{ drop: string; make: string }>(
    `select format('alter table %s drop constraint %I', f.conrelid::regclass, f.conname) as drop,
       format('alter table %s add constraint %I %s', f.conrelid::regclass, f.conname, pg_get_constraintdef(f.oid)) as make
     from pg_constraint f where f.contype = 'f' and not f.condeferrable and f.connamespace = 'public'::regnamespace`,
  )
  for (const { drop } of rows) await db.query(drop)
  return rows.map(({ make }) => make)
}

async function moveTable(from: pg.ClientBase, to: pg.ClientBase, { sql, columns, files }: Table, moved: Moved): Promise<void> {
  if (columns.length === 0) return
  const empty = files.filter(({ isRequired }) => !isRequired).map(({ column }) => column)
  const required = files.filter(({ isRequired }) => isRequired).map(({ column }) => column)
  const read = columns.map((column) => (empty.includes(column) ? `null as ${column}` : `t.${column}`)).join(', ')
  if (files.length) {
    const counted = files.map(({ column }) => `count(${column})`).join(' + ')
    const { rows } = await from.query<{ n: string }>(`select ${counted} as n from only ${sql}`)
    moved.fileReferences += Number(rows[0]!.n)
  }
  if (required.length) return
  // As text from end to end: no value passes through a number of ours.
  await from.query(`declare rows no scroll cursor for select row_to_json(r)::text as row from (select ${read} from only ${sql} t) r`)
  try {
    for (;;) {
      const { rows } = await from.query<{ row: string }>(`fetch ${batch} from rows`)
      if (rows.length === 0) return
      await to.query(
        `insert into ${sql} (${columns.join(', ')}) overriding system value
         select ${columns.map((column) => `r.${column}`).join(', ')} from json_populate_recordset(null::${sql}, $1::json) r`,
        [`[${rows.map(({ row }) => row).join(',')}]`],
      )
      moved.rows += rows.length
    }
  } finally {
    await from.query('close rows').catch(() => {}) // a failed transaction has closed it
  }
}

/** Where the next ids begin: behind the rows that have moved. */
async function carrySequences(from: pg.ClientBase, to: pg.ClientBase): Promise<void> {
  const last = `select format('%I.%I', schemaname, sequencename) as name, last_value::text as last from pg_sequences where schemaname = 'public'`
  const { rows } = await from.query<{ name: string; last: string | null }>(last)
  const known = new Set((await to.query<{ name: string }>(last)).rows.map(({ name }) => name))
  for (const { name, last: value } of rows)
    if (known.has(name) && value !== null) await to.query('select setval($1::regclass, $2::bigint)', [name, value])
}
