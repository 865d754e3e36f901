import { Sql, ident, join, sql } from './fragment.ts'
import { textOf } from './schema-definitions.ts'
import type { Grant } from './system-table.ts'

/** The groups that every instance's logins are members of (kernel §2.7); provisioning makes them. */
export const runtimeRole = 'erp4_runtime'
export const sealRole = 'erp4_seal'

/** One right somebody other than the owner holds in the schema `public`. */
export interface HeldRight {
  table: string
  /** Set for a right on a single column. */
  column: string | null
  role: string
  privilege: string
  isSequence: boolean
}

/** Rights on tables, views, sequences and columns; what extensions brought is theirs. */
export const heldRights = sql`
  with ours as materialized (
    select c.oid, c.relname, c.relacl, c.relowner, c.relkind from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
      and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
  ), rights as (
    select o.relname, null::name as attname, o.relkind, o.relowner, a.grantee, a.privilege_type from ours o cross join lateral aclexplode(o.relacl) a
    union all
    select o.relname, c.attname, o.relkind, o.relowner, a.grantee, a.privilege_type
    from ours o join pg_attribute c on c.attrelid = o.oid and c.attacl is not null cross join lateral aclexplode(c.attacl) a
  )
  select r.relname as table, r.attname as column, coalesce(pg_get_userbyid(nullif(r.grantee, 0)), 'public') as role, lower(r.privilege_type) as privilege,
         r.relkind = 'S' as "isSequence"
  from rights r where r.grantee <> r.relowner order by 1, 2, 3, 4`

/** What else must hold for the rights to mean anything. */
export const foundations = sql`
  select c.relname as name, 'owner' as fault, pg_get_userbyid(c.relowner) as detail from pg_class c
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'S') and c.relowner <> 'pg_database_owner'::regrole
    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
  union all
  select c.relname, 'table', null from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
  union all
  select n.nspname, 'create', r.name from pg_namespace n cross join (values (${runtimeRole}::text), (${sealRole})) r(name)
  where n.nspname = 'public' and has_schema_privilege(r.name, n.oid, 'create')
  union all
  select p.oid::regprocedure::text, 'definer', pg_get_userbyid(p.proowner) from pg_proc p where p.prosecdef and p.pronamespace = 'public'::regnamespace
  order by 2, 1`

export const grantRights = (table: string, role: string, grants: readonly Grant[]): string =>
  textOf(sql`grant ${join(grants.map((grant) => Sql.fixed(grant)))} on ${ident(table)} to ${ident(role)}`)

/** All that `role` holds on the table and its columns. */
export const revokeRights = (table: string, role: string, isSequence: boolean): string =>
  textOf(sql`revoke all on ${isSequence ? sql`sequence ` : sql``}${quoted(table)} from ${role === 'public' ? sql`public` : quoted(role)}`)

// Names that others gave.
const quoted = (name: string): Sql => Sql.fixed(`"${name.replaceAll('"', '""')}"`)
