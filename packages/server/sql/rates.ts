import { sql, type Sql, type SystemTable } from '@erp4/orm'

/** How often somebody did what is counted; `bucket` is keyed, so that neither addresses nor what was done can be read from it. */
export const linkAsk: SystemTable = {
  name: 'link_ask',
  ddl: [
    `create table if not exists link_ask (
      bucket bytea primary key,
      n int4 not null,
      since timestamptz not null
    ) with (fillfactor = 70)`,
    'create index if not exists link_ask_since on link_ask (since)',
  ],
  runtime: ['select', 'insert', 'update', 'delete'],
}

/** So many in a window that begins with the first. */
export interface Allowance {
  readonly most: number
  readonly minutes: number
}

/** Counts in the bucket's window, in the instance: exact in parallel, as the cooldown is. No row: it is full. */
export const countIn = (bucket: Buffer, { most, minutes }: Allowance): Sql => sql`
  insert into link_ask as t (bucket, n, since) values (${bucket}::bytea, 1, now())
  on conflict (bucket) do update set
    n = case when t.since <= now() - make_interval(mins => ${minutes}::int4) then 1 else t.n + 1 end,
    since = case when t.since <= now() - make_interval(mins => ${minutes}::int4) then now() else t.since end
  where t.since <= now() - make_interval(mins => ${minutes}::int4) or t.n < ${most}::int4
  returning n`

/** Seconds until a full bucket's window is over; no row where it is not full. */
export const secondsLeft = (bucket: Buffer, { most, minutes }: Allowance): Sql => sql`
  select greatest(1, ceil(extract(epoch from since + make_interval(mins => ${minutes}::int4) - now())))::int4 as seconds
  from link_ask where bucket = ${bucket}::bytea and n >= ${most}::int4 and since > now() - make_interval(mins => ${minutes}::int4)`

/** No window is longer than an hour. */
export const sweepAsks: Sql = sql`
  delete from link_ask where ctid = any(array(
    select ctid from link_ask where since < now() - interval '1 hour' limit 1000 for update skip locked)) returning true`
