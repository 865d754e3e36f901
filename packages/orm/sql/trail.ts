import { type Sql, empty, join, sql } from './fragment.ts'

/** What happened to one record in one statement. `change` is JSON text, so that numbers stay what they were. */
export interface TrailRow {
  readonly id: number
  readonly at: string
  readonly transaction: string
  readonly actor: number | null
  readonly on_behalf: number | null
  readonly source: string | null
  readonly model: string
  readonly rec: number
  readonly operation: 'create' | 'write' | 'unlink'
  readonly change: string
}

/** Records of one model; with `by`, also those that were made or deleted with `owner` in that field. */
export interface Traced {
  readonly model: string
  readonly ids: readonly number[]
  readonly by?: { readonly field: string; readonly owner: number }
}

const columns = sql`id, at, actor, on_behalf, source, model, rec, operation`

const isTraced = (traced: readonly Traced[], change: Sql): Sql =>
  join(
    traced.map(({ model, ids, by }) => {
      const owned = by
        ? sql` or operation in ('create', 'unlink') and jsonb_typeof(${change}->${by.field}::text) = 'number' and ${change}->>${by.field}::text = ${String(by.owner)}::text`
        : empty
      return sql`(model = ${model}::text and (rec = any(${ids}::int4[])${owned}))`
    }),
    ' or ',
  )

const changes = sql`operation in ('create', 'write', 'unlink')`
const shown = sql`id, to_char(at at time zone 'utc', 'YYYY-MM-DD HH24:MI:SS') as at, transaction, actor, on_behalf, source, model, rec, operation, change`

/** The newest rows about some records, sealed or waiting, before the row `before`; found by the index of records. */
export const trailOf = (records: readonly Traced[], before: number | null, limit: number): Sql => {
  const known = records.map(({ model, ids }) => ({ model, ids }))
  const earlier = before === null ? empty : sql` and id < ${before}::int8`
  return sql`select ${shown} from (
      select ${columns}, txid::text as transaction, change::text as change from audit_in where ${changes} and (${isTraced(known, sql`change`)})${earlier}
      union all
      (select ${columns}, txid as transaction, change from audit_log where ${changes} and (${isTraced(known, sql`change`)})${earlier} order by seq desc limit ${limit})
    ) t order by id desc limit ${limit}`
}

/** How far back somebody who wishes to take something back is looked after: rows of the sealed trail. */
const reach = 20_000

/** Every row about these records in the transaction that last changed one of them, newest first. Deleted lines are found by their owner. */
export const lastTransaction = (records: readonly Traced[]): Sql => sql`
  with recent as materialized (
    select ${columns}, txid::text as transaction, change from audit_in where ${changes}
    union all
    select ${columns}, txid as transaction, change::jsonb from audit_log
    where seq > (select coalesce(max(seq), 0) from audit_log) - ${reach}::int8 and salt is not null and ${changes}),
  mine as (select * from recent where ${isTraced(records, sql`change`)}),
  last as (select transaction from mine order by id desc limit 1)
  select id, to_char(at at time zone 'utc', 'YYYY-MM-DD HH24:MI:SS') as at, transaction, actor, on_behalf, source, model, rec, operation, change::text as change,
         id in (select id from mine) as own
  from recent where transaction = (select transaction from last) order by id desc`
