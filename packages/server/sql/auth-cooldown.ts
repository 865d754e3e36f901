import { sql, type Sql, type SystemTable } from '@erp4/orm'
import { setting } from './auth-user.ts'

/** One row per bucket that attempts were counted for; `since` as `judge` explains. Only admitted attempts insert, so admission bounds it. */
export const loginTry: SystemTable = {
  name: 'login_try',
  ddl: [
    `create table if not exists login_try (
      bucket bytea primary key,
      n int4 not null,
      since timestamptz not null
    ) with (fillfactor = 70)`,
    'create index if not exists login_try_since on login_try (since)',
  ],
  runtime: ['select', 'insert', 'update', 'delete'],
}

/** Browsers in which a login succeeded before, by their cookies, and by what they call themselves and where they were; both columns are hashes. */
export const loginDevice: SystemTable = {
  name: 'login_device',
  ddl: [
    `create table if not exists login_device (
      login bytea,
      device bytea,
      seen timestamptz not null default now(),
      primary key (login, device)
    )`,
    'create index if not exists login_device_device on login_device (device)',
    'create index if not exists login_device_seen on login_device (seen)',
  ],
  runtime: ['select', 'insert', 'update', 'delete'],
}

export interface Buckets {
  /** Of the login as it was given, whether it exists or not: else the cooldown would tell. */
  login: Buffer
  /** Counts instead of `login` when the device is known for it. */
  device: Buffer
  /** Of the network the attempt came from. */
  source: Buffer
  /** The row to look for in `login_device`. */
  known: { login: Buffer; device: Buffer }
}

export interface Reservation {
  wanted: number
  reserved: number
  /** Whether the device's bucket counted instead of the login's. */
  is_known: boolean
  /** Window of the source's bucket, to return the reservation to the one it was taken from. */
  source_since: string | null
  /** How long a refused attempt has to wait. */
  wait_seconds: number
}

/**
 * Counts an attempt before it is judged, in every bucket or (the caller rolls back when `reserved < wanted`) in none. Exact in
 * parallel: the second writer of a bucket waits for the first and sees its count.
 *
 * A login's or device's bucket begins anew when nothing was admitted for the duration; so a full one refuses for the whole
 * duration after its last attempt. The source's begins anew at the duration after its *first*: many people share it, and somebody
 * always signs in.
 */
export const reserve = ({ login, device, source, known }: Buckets): Sql => sql`
  with setting as materialized (
    select ${setting('base.login_cooldown_after', 10)} as after,
           ${setting('base.login_cooldown_source_after', 100)} as source_after,
           make_interval(secs => ${setting('base.login_cooldown_duration', 60)}) as duration
  ), known as materialized (
    select exists (select from login_device where login = ${known.login}::bytea and device = ${known.device}::bytea
                   and seen > now() - interval '365 days') as yes
  ), wanted as materialized (
    select case when known.yes then ${device}::bytea else ${login}::bytea end as bucket, after as most, duration, false as is_source
    from setting, known where after > 0 and duration > interval '0'
    union all
    select ${source}::bytea, greatest(source_after, after), duration, true
    from setting where after > 0 and source_after > 0 and duration > interval '0'
  ), taken as (
    insert into login_try as t (bucket, n, since)
    select bucket, 1, now() from wanted order by bucket
    on conflict (bucket) do update set
      n = case when t.since <= now() - (select duration from setting) then 1 else t.n + 1 end,
      since = case when t.bucket = ${source}::bytea and t.since > now() - (select duration from setting) then t.since else now() end
    where t.since <= now() - (select duration from setting)
       or t.n < (select most from wanted w where w.bucket = t.bucket)
    returning t.bucket, t.since
  )
  select (select count(*) from wanted)::int4 as wanted,
         (select count(*) from taken)::int4 as reserved,
         (select yes from known) as is_known,
         (select since::text from taken where bucket = ${source}::bytea) as source_since,
         (select ceil(extract(epoch from coalesce(
            (select max(t.since) from login_try t join wanted w using (bucket) where t.n >= w.most and t.since > now() - w.duration) + duration - now(),
            duration)))::int4 from setting) as wait_seconds`

/**
 * After success: forgets the login's or device's failures, and gives the source back its own reservation only, so that one valid
 * account cannot wash a source. Rows are locked in the order `reserve` locks them.
 */
export const forgive = ({ own, source, since }: { own: Buffer; source: Buffer; since: string | null }): Sql => sql`
  with held as materialized (
    select bucket from login_try where bucket in (${own}::bytea, ${source}::bytea) order by bucket for update
  ), returned as (
    update login_try t set n = t.n - 1 from held
    where t.bucket = held.bucket and t.bucket = ${source}::bytea and t.since = ${since}::timestamptz and t.n > 0
  )
  delete from login_try t using held where t.bucket = held.bucket and t.bucket = ${own}::bytea`

/**
 * Whether the login was used before, but never by this cookie nor in this place. Whoever signs in for the first time is no stranger.
 */
export const isNewDevice = ({ login, device, place }: { login: Buffer; device: Buffer; place: Buffer }): Sql => sql`
  select exists (select from login_device where login = ${login}::bytea)
     and not exists (select from login_device where login = ${login}::bytea and device in (${device}::bytea, ${place}::bytea)
                     and seen > now() - interval '365 days') as yes`

/** Marks the device, or the place, as known for the login; a login keeps its 40 latest. */
export const rememberDevice = (login: Buffer, device: Buffer): Sql => sql`
  with seen as (
    insert into login_device (login, device) values (${login}::bytea, ${device}::bytea)
    on conflict (login, device) do update set seen = now()
  )
  delete from login_device where login = ${login}::bytea and device in (
    select device from login_device where login = ${login}::bytea and device <> ${device}::bytea order by seen desc offset 39)`

export const isDeviceKnown = (device: Buffer): Sql => sql`select exists (select from login_device where device = ${device}::bytea) as yes`

/** Rows that no longer decide anything. */
export const sweepTries: Sql = sql`
  delete from login_try where ctid = any(array(
    select ctid from login_try where since < now() - make_interval(secs => ${setting('base.login_cooldown_duration', 60)})
    order by since limit 1000 for update skip locked)) returning true`

export const sweepDevices: Sql = sql`
  delete from login_device where ctid = any(array(select ctid from login_device where seen < now() - interval '365 days' limit 1000)) returning true`
