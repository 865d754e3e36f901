import { sql, type Sql, type SystemTable } from '@erp4/orm'

/**
 * Who is signed in. Only the token's hash is kept, so a stolen table opens nothing. No foreign key to `res_users`, which is made
 * later: a session whose user is gone joins with nobody.
 */
export const session: SystemTable = {
  name: 'session',
  ddl: [
    `create table if not exists session (
      hash bytea primary key,
      user_id int4 not null,
      sec_version int4 not null,
      epoch int4 not null,
      created timestamptz not null default now(),
      seen timestamptz not null default now(),
      ends timestamptz not null default now() + interval '30 days',
      confirmed timestamptz not null default now(),
      source text,
      check (octet_length(hash) = 32)
    ) with (fillfactor = 80)`,
    'create index if not exists session_of_user on session (user_id)',
    'create index if not exists session_seen on session (seen)',
    'alter table session add column if not exists agent text',
  ],
  runtime: ['select', 'insert', 'update', 'delete'],
}

/** What every way of signing in answers with. */
export interface ProofRow {
  /** A SignedRow as JSON, the same letter for letter as long as nothing in it changes. */
  signed: string
  /** Of a key or a session: its last use was written more than a minute ago. */
  is_stale: boolean
}

export interface SignedRow {
  id: number
  login: string
  name: string | null
  partner_id: number
  commercial_partner_id: number
  company_id: number
  company_ids: number[]
  groups: string[]
  lang: string | null
  tz: string | null
  sec_version: number
  epoch: number
  rules: number
  schema: number
  login_version: number
  languages: string[]
  /** Of a key: its record. */
  key_id: number | null
  /** Whoever calls proved lately that he is who he is. */
  is_confirmed: boolean
}

/** A SignedRow of the user `u`, his contact `p` and the instance `m`. */
const signed = (one: { key: Sql; isConfirmed: Sql }): Sql => sql`(select row_to_json(who)::text from (select
  u.id, u.login, p.name, u.partner_id, coalesce(p.commercial_partner_id, p.id) as commercial_partner_id, u.company_id, u.lang, u.tz, u.sec_version,
  m.epoch, m.rules, m.schema, m.login as login_version, m.langs as languages,
  array(select c.right_id from res_users_company_ids_rel c where c.left_id = u.id order by c.right_id) as company_ids,
  array(select g.key from res_users_group_ids_rel r join res_groups g on g.id = r.right_id
        where r.left_id = u.id and g.key is not null order by g.key) as groups,
  ${one.key} as key_id, ${one.isConfirmed} as is_confirmed) who) as signed`

const noKey = sql`null::int4`

/** `offset 0` keeps PostgreSQL from reading all partners in order for a merge join, which it takes for cheaper than finding the one. */
const contact = sql`
  join lateral (select p.id, p.name, p.commercial_partner_id from res_partner p where p.id = u.partner_id offset 0) p on true`

/** The one session statement of a call: idle for 7 days, 30 days in all, the user's rights and the instance's epoch unchanged since. */
export const signedBySession = (hash: Buffer): Sql => sql`
  select ${signed({ key: noKey, isConfirmed: sql`s.confirmed > now() - interval '10 minutes'` })},
         s.seen < now() - interval '1 minute' as is_stale
  from session s
  join res_users u on u.id = s.user_id and u.sec_version = s.sec_version and u.active
  join meta m on m.epoch = s.epoch
  ${contact}
  where s.hash = ${hash}::bytea and s.seen > now() - interval '7 days' and s.ends > now()`

/** The same for an API key, given by its index and its hash. Only keys for everything or for RPC. */
export const signedByKey = (index: string, hash: string): Sql => sql`
  select ${signed({ key: sql`k.id`, isConfirmed: sql`false` })},
         coalesce(k.last_used < (now() at time zone 'utc') - interval '1 minute', true) as is_stale
  from res_users_apikeys k
  join res_users u on u.id = k.user_id and u.active
  cross join meta m
  ${contact}
  where k.key_index = ${index}::text and k.secret_hash = ${hash}::text and (k.scope is null or k.scope = 'rpc')
    and (k.expiration_date is null or k.expiration_date > now() at time zone 'utc')`

/** The same for a password that was verified under these versions. */
export const signedByVersions = (versions: { id: number; secVersion: number; epoch: number; loginVersion: number }): Sql => sql`
  select ${signed({ key: noKey, isConfirmed: sql`true` })}, false as is_stale
  from res_users u
  join meta m on m.epoch = ${versions.epoch}::int4 and m.login = ${versions.loginVersion}::int4
  ${contact}
  where u.id = ${versions.id}::int4 and u.sec_version = ${versions.secVersion}::int4 and u.active`

const whoever = sql`
  select ${signed({ key: noKey, isConfirmed: sql`false` })}, false as is_stale
  from res_users u cross join meta m ${contact}`

/** An active user as a call would see him, whoever asks: for work done on his behalf, and to explain his rights. */
export const userRowById = (id: number): Sql => sql`${whoever} where u.id = ${id}::int4 and u.active`
export const userRowByLogin = (login: string): Sql => sql`${whoever} where lower(u.login) = lower(${login}::text) and u.active`

/** A session as of the versions under which the password was verified: if they moved since, it was never alive. */
export const insertSession = (one: {
  hash: Buffer
  id: number
  secVersion: number
  epoch: number
  source: string
  agent: string | null
}): Sql => sql`
  insert into session (hash, user_id, sec_version, epoch, source, agent)
  values (${one.hash}::bytea, ${one.id}::int4, ${one.secVersion}::int4, ${one.epoch}::int4, ${one.source}::text, left(${one.agent}::text, 300))`

/** Ends a session and writes so in the trail, when there was one. */
export const deleteSession = (hash: Buffer): Sql => sql`
  with gone as (delete from session where hash = ${hash}::bytea returning user_id)
  insert into audit_in (actor, source, model, rec, operation) select user_id, 'web', 'res.users', user_id, 'logout' from gone`

/** How a session is named to people: of its token's hash, so that the name opens nothing. */
const deviceName = sql`encode(substr(s.hash, 1, 9), 'hex')`
const lives = sql`s.seen > now() - interval '7 days' and s.ends > now()`
const utc = (column: Sql): Sql => sql`to_char(${column} at time zone 'utc', 'YYYY-MM-DD HH24:MI:SS')`

/** Where a user is signed in, the latest first. `own`: the hash of the session that asks. */
export const sessionsOf = (user: number, own: Buffer | null): Sql => sql`
  select ${deviceName} as id, s.agent, s.source, ${utc(sql`s.created`)} as created, ${utc(sql`s.seen`)} as seen,
         coalesce(s.hash = ${own}::bytea, false) as current
  from session s join res_users u on u.id = s.user_id and u.sec_version = s.sec_version and u.active join meta m on m.epoch = s.epoch
  where s.user_id = ${user}::int4 and ${lives} order by s.seen desc, s.hash`

export const standingOf = (user: number): Sql => sql`
  select coalesce(u.password, '') <> '' as "hasPassword",
         (select ${utc(sql`max(l.ends)`)} from password_link l where l.user_id = u.id and l.ends > now()) as "linkEnds",
         (select ${utc(sql`max(s.seen)`)} from session s where s.user_id = u.id) as "lastSeen"
  from res_users u where u.id = ${user}::int4`

/** Ends the session of that name, or, without one, all of the user but `own`; the trail says who did it. */
export const endSessionsOf = (one: { user: number; device: string | null; own: Buffer | null; by: number }): Sql => sql`
  with gone as (
    delete from session s where s.user_id = ${one.user}::int4
      and case when ${one.device}::text is null then s.hash is distinct from ${one.own}::bytea else ${deviceName} = ${one.device}::text end
    returning s.user_id, s.source
  ), told as (
    insert into audit_in (actor, source, model, rec, operation, change)
    select ${one.by}::int4, 'web', 'res.users', user_id, 'session_ended', jsonb_build_object('from', source) from gone
  )
  select count(*)::int4 as n from gone`

export const confirmSession = (hash: Buffer): Sql => sql`update session set confirmed = now() where hash = ${hash}::bytea`

/** Brings a session to its user's present version: it is the one in which he changed what ended his others. */
export const keepSession = (hash: Buffer): Sql => sql`
  update session s set sec_version = u.sec_version from res_users u where s.hash = ${hash}::bytea and u.id = s.user_id`

export const touchSession = (hash: Buffer): Sql => sql`
  update session set seen = now() where hash = ${hash}::bytea and seen < now() - interval '1 minute'`

export const touchKey = (id: number): Sql => sql`
  update res_users_apikeys set last_used = now() at time zone 'utc'
  where id = ${id}::int4 and (last_used is null or last_used < (now() at time zone 'utc') - interval '1 minute')`

export const sweepSessions: Sql = sql`
  delete from session where ctid = any(array(
    select ctid from session where seen < now() - interval '7 days' or ends < now() limit 1000)) returning true`
