import type { ActualSchema, ActualTable } from '../schema/schema.ts'
import { sql } from './fragment.ts'

/** Everything in the schema `public` that migrations look at, as one JSON object. What extensions brought is theirs. */
export const catalog = sql`
  with ours as materialized (
    select c.oid, c.relname, greatest(c.reltuples, 0) as rows, obj_description(c.oid, 'pg_class') as mark
    from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
      and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
  ), cols as (
    select a.attrelid, json_object_agg(a.attname, json_build_object('type', format_type(a.atttypid, a.atttypmod), 'required', a.attnotnull,
             'hasDefault', a.atthasdef, 'isIdentity', a.attidentity <> '')) as list
    from pg_attribute a join ours on ours.oid = a.attrelid where a.attnum > 0 and not a.attisdropped group by a.attrelid
  ), indexes as (
    select i.indrelid, json_object_agg(c.relname, json_build_object('mark', obj_description(c.oid, 'pg_class'), 'isValid', i.indisvalid)) as list
    from pg_index i join ours on ours.oid = i.indrelid join pg_class c on c.oid = i.indexrelid
    where not exists (select from pg_constraint n where n.conindid = i.indexrelid and n.contype in ('p', 'u', 'x')) group by i.indrelid
  ), keys as (
    select n.conrelid, json_object_agg(n.conname, json_build_object('column', a.attname, 'table', t.relname,
             'onDelete', case n.confdeltype when 'a' then 'no action' when 'n' then 'set null' end,
             'isOurs', n.condeferrable and not n.condeferred and n.convalidated and cardinality(n.conkey) = 1)) as list
    from pg_constraint n join ours on ours.oid = n.conrelid join pg_class t on t.oid = n.confrelid
      join pg_attribute a on a.attrelid = n.conrelid and a.attnum = n.conkey[1]
    where n.contype = 'f' group by n.conrelid
  ), checks as (
    select n.conrelid, json_object_agg(n.conname, json_build_object('mark', obj_description(n.oid, 'pg_constraint'))) as list
    from pg_constraint n join ours on ours.oid = n.conrelid where n.contype = 'c' group by n.conrelid
  )
  select json_build_object(
    'hasTrigrams', exists (select from pg_extension where extname = 'pg_trgm'),
    'tables', coalesce((select json_agg(json_build_object('name', o.relname, 'rows', o.rows, 'mark', o.mark, 'columns', coalesce(cols.list, '{}'),
       'indexes', coalesce(indexes.list, '{}'), 'foreignKeys', coalesce(keys.list, '{}'), 'checks', coalesce(checks.list, '{}')) order by o.relname)
     from ours o left join cols on cols.attrelid = o.oid left join indexes on indexes.indrelid = o.oid
       left join keys on keys.conrelid = o.oid left join checks on checks.conrelid = o.oid), '[]')) as catalog`

export function parseCatalog({ tables, hasTrigrams }: { tables: Record<string, any>[]; hasTrigrams: boolean }): ActualSchema {
  const mapped = tables.map((table): [string, ActualTable] => [
    table['name'],
    {
      name: table['name'],
      mark: table['mark'],
      rows: table['rows'],
      columns: byName(table['columns']),
      indexes: byName(table['indexes']),
      foreignKeys: byName(table['foreignKeys']),
      checks: byName(table['checks']),
    },
  ])
  return { tables: new Map(mapped), hasTrigrams }
}

const byName = <T>(object: Record<string, T>): Map<string, T> => new Map(Object.entries(object))
