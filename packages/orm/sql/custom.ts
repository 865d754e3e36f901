import type { CustomRow } from '../custom/definition.ts'
import { type Sql, sql } from './fragment.ts'

export const readVersion = sql`select schema from meta`

export interface CustomRows {
  schema: number
  fields: CustomRow[]
}

const definitions = (condition: Sql): Sql => sql`
  select json_build_object('field', to_jsonb(f),
    'groups', array(select g.key from ir_model_fields_groups_rel r join res_groups g on g.id = r.right_id where r.left_id = f.id and g.key is not null order by 1),
    'choices', coalesce((select json_agg(json_build_object('value', s.value, 'name', s.name) order by s.sequence, s.id)
                         from ir_model_fields_selection s where s.field_id = f.id), '[]')) as row
  from ir_model_fields f where f.state = 'manual' and ${condition} order by f.model, f.sequence, f.id`

/** Definitions and the version that they are of, in one statement: what it finds belongs together. */
export const readCustom = sql`
  select m.schema, coalesce((select json_agg(d.row) from (${definitions(sql`true`)}) d), '[]') as fields from meta m`

/** Whether the database has definitions at all: before a migration it may be older than they are. */
export const hasCustom = sql`
  select to_regclass('ir_model_fields_groups_rel') is not null and exists (
    select from pg_attribute where attrelid = to_regclass('ir_model_fields') and attname = 'phase' and not attisdropped) as known`

/** Definitions whose column is to be made, and those whose time to go has come; the oldest first. */
export const waitingCustom = sql`
  select id from ir_model_fields
  where state = 'manual' and (phase = 'asked' or phase = 'deleted' and delete_after <= now() at time zone 'utc') order by id`

export const askedCustom = sql`select count(*)::int4 as n from ir_model_fields where state = 'manual' and phase = 'asked' and problem is null`

/** One of them, held until the transaction ends: a request that changes it waits, and so does another owner. */
export const holdCustom = (id: number): Sql => sql`select id from ir_model_fields where id = ${id}::int4 for update`
export const oneCustom = (id: number): Sql => definitions(sql`f.id = ${id}::int4`)

const bumped = sql`bumped as (update meta set schema = schema + 1)`
const told = (operation: string): Sql => sql`
  told as (insert into audit_in (actor, source, model, rec, operation, change)
           select null, 'owner', 'ir.model.fields', id, ${operation}::text, jsonb_build_object('model', model, 'name', name, 'type', ttype) from done)`

/** The column is there: from the next version of the schema on processes serve the field. */
export const customMade = (id: number): Sql => sql`
  with done as (update ir_model_fields set phase = 'ready', problem = null where id = ${id}::int4 returning id, model, name, ttype),
       ${told('field_made')}, ${bumped} select id from done`

/** The column is gone, and its definition with it. */
export const customGone = (id: number): Sql => sql`
  with choices as (delete from ir_model_fields_selection where field_id = ${id}::int4),
       groups as (delete from ir_model_fields_groups_rel where left_id = ${id}::int4),
       done as (delete from ir_model_fields where id = ${id}::int4 returning id, model, name, ttype),
       ${told('field_gone')}, ${bumped} select id from done`

/** Why it could not be made yet, for whoever asked for it. */
export const customFailed = (id: number, problem: string): Sql =>
  sql`update ir_model_fields set problem = ${problem}::text where id = ${id}::int4 and phase = 'asked'`
