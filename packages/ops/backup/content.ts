import type pg from 'pg'
import { catalogueHash, catalogueLines } from '../restore/catalogue.ts'
import type { SetFacts } from './manifest.ts'

/** What a database holds, in numbers that another database must give again if it holds the same. */
export type Content = Pick<SetFacts, 'tables' | 'sequences' | 'catalogue' | 'audit' | 'database_bytes'>

interface Relation {
  /** As `SetFacts` calls it: `schema.name`, without the schema where that is `public`. */
  key: string
  /** As SQL, quoted. */
  sql: string
}

/**
 * Counts and hashes everything a connection sees, which must be the owner's and in a transaction: that of a snapshot for a backup, one
 * of its own in a restored database to compare. A policy that would hide rows from being counted is an error instead. `drawn` are the
 * sequences as they were read before.
 */
export async function contentOf(db: pg.ClientBase, drawn?: SetFacts['sequences']): Promise<Content> {
  await db.query('set local search_path = pg_catalog, pg_temp')
  await db.query('set local row_security = off')
  const counted: SetFacts['tables'] = {}
  const tables = await relations(db, 'r')
  for (let i = 0; i < tables.length; i += atOnce) await count(db, tables.slice(i, i + atOnce), counted)
  return {
    tables: counted,
    sequences: drawn ?? (await sequencesOf(db)),
    catalogue: catalogueHash(await catalogueLines(db)),
    audit: await auditHead(db),
    database_bytes: await databaseBytes(db),
  }
}

/** Tables counted by one statement. */
const atOnce = 64

async function relations(db: pg.ClientBase, kind: 'r' | 'S'): Promise<Relation[]> {
  // What belongs to an extension is made by it, and not dumped.
  const { rows } = await db.query<Relation>(
    `select case when n.nspname = 'public' then '' else n.nspname || '.' end || c.relname as key, format('%I.%I', n.nspname, c.relname) as sql
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = $1 and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
       and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
     order by n.nspname, c.relname`,
    [kind],
  )
  return rows
}

const noSuchFunction = '42883' // of a type that cannot be hashed, such as json

/** Where one of the tables cannot be hashed, halves are tried until it is found, and only counted. */
async function count(db: pg.ClientBase, tables: readonly Relation[], counted: SetFacts['tables'], isHashed = true): Promise<void> {
  const hash = isHashed ? 'coalesce(sum(hash_record_extended(t, 0)), 0)::text' : 'null::text'
  const one = ({ sql }: Relation, i: number) => `select ${i} as i, count(*) as rows, ${hash} as hash from only ${sql} t`
  await db.query('savepoint counting')
  try {
    const { rows } = await db.query<{ i: number; rows: string; hash: string | null }>(tables.map(one).join(' union all '))
    for (const row of rows) counted[tables[row.i]!.key] = { rows: Number(row.rows), hash: row.hash }
    await db.query('release savepoint counting')
  } catch (error) {
    if ((error as { code?: string }).code !== noSuchFunction || !isHashed) throw error
    await db.query('rollback to savepoint counting; release savepoint counting')
    if (tables.length === 1) return count(db, tables, counted, false)
    const half = Math.ceil(tables.length / 2)
    await count(db, tables.slice(0, half), counted)
    await count(db, tables.slice(half), counted)
  }
}

/** Their last values, null where none was drawn. They obey no snapshot: a dump that began later may hold later ones, never earlier ones. */
export async function sequencesOf(db: pg.ClientBase): Promise<SetFacts['sequences']> {
  const all = await relations(db, 'S')
  if (all.length === 0) return {}
  const one = ({ sql }: Relation, i: number) => `select ${i} as i, case when is_called then last_value end::text as last from ${sql}`
  const { rows } = await db.query<{ i: number; last: string | null }>(all.map(one).join(' union all '))
  return Object.fromEntries(rows.map(({ i, last }) => [all[i]!.key, last]))
}

export async function databaseBytes(db: pg.ClientBase): Promise<number> {
  const { rows } = await db.query<{ bytes: string }>('select pg_database_size(current_database()) as bytes')
  return Number(rows[0]!.bytes)
}

async function auditHead(db: pg.ClientBase): Promise<SetFacts['audit']> {
  if (!(await hasTable(db, 'public.audit_seal'))) return null
  const { rows } = await db.query<{ seq: string; head: string }>(
    `select last as seq, encode(head, 'hex') as head from public.audit_seal order by n desc limit 1`,
  )
  return rows[0] ? { seq: Number(rows[0].seq), head: rows[0].head } : null
}

export async function hasTable(db: pg.ClientBase, name: string): Promise<boolean> {
  const { rows } = await db.query<{ found: boolean }>('select to_regclass($1) is not null as found', [name])
  return rows[0]!.found
}
