import { type Sql, sql } from '@erp4/orm'

/** So many contacts of about 2 kB each, that hardly compress. They are weight alone: nobody opens them. */
export const addContacts = (count: number): Sql => sql`
  insert into res_partner (name, display_name, active, street)
  select 'Weight ' || i, 'Weight ' || i, true, (select string_agg(md5(i || '.' || j), '') from generate_series(1, 64) j) from generate_series(1, ${count}::int4) i`

export const asOwners: Sql = sql`set role pg_database_owner`
