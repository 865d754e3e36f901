import { sql, type Sql, type SystemTable } from '@erp4/orm'

/** What a link to choose a password is for: the first password, or another one. */
export type LinkPurpose = 'invitation' | 'reset'

/**
 * Links to choose a password, sent by mail. Only the token's hash is kept. No foreign key to `res_users`, which is made later: a link
 * whose user is gone opens nothing.
 */
export const passwordLink: SystemTable = {
  name: 'password_link',
  ddl: [
    `create table if not exists password_link (
      hash bytea primary key check (octet_length(hash) = 32),
      user_id int4 not null,
      purpose text not null check (purpose in ('invitation', 'reset')),
      address text not null,
      sec_version int4 not null,
      epoch int4 not null,
      made timestamptz not null default clock_timestamp(),
      ends timestamptz not null
    )`,
    'create index if not exists password_link_of_user on password_link (user_id, made)',
    'create index if not exists password_link_ends on password_link (ends)',
  ],
  runtime: ['select', 'insert', 'delete'],
}

export const userWithLogin = (login: string): Sql => sql`select id from res_users where lower(login) = lower(${login}::text) and active`

/** Somebody who is to choose a password. */
export interface Account {
  id: number
  login: string
  name: string | null
  address: string
  lang: string | null
  company_id: number
  company: string
  sec_version: number
  epoch: number
  purpose: LinkPurpose
  /** From outside: it is the portal that he signs in to. */
  share: boolean
  /** Links he was sent within the hour. */
  lately: number
}

/** Whoever counts the links of these users at the same time waits: what is read after this is exact. */
export const holdUsers = (ids: readonly number[]): Sql => sql`
  select id from res_users where id = any(${ids}::int4[]) and active order by id for no key update`

/** Those of these users who are active and have an address. */
export const accountsOf = (ids: readonly number[]): Sql => sql`
  select u.id, u.login, p.name, p.email as address, u.lang, u.company_id, c.name as company, u.sec_version, m.epoch, coalesce(u.share, false) as share,
         case when coalesce(u.password, '') = '' then 'invitation' else 'reset' end as purpose,
         (select count(*) from password_link l where l.user_id = u.id and l.made > now() - interval '1 hour')::int4 as lately
  from res_users u join res_partner p on p.id = u.partner_id join res_company c on c.id = u.company_id cross join meta m
  where u.id = any(${ids}::int4[]) and u.active and coalesce(p.email, '') <> '' order by u.id`

/** An active user by his login, with or without an address, as the link of whoever runs the machine is for; that it was made stands in the trail. */
export const accountByHand = (login: string): Sql => sql`
  with found as (
    select u.id, u.login, coalesce(p.email, '') as address, u.sec_version, m.epoch,
           case when coalesce(u.password, '') = '' then 'invitation' else 'reset' end as purpose
    from res_users u join res_partner p on p.id = u.partner_id cross join meta m
    where lower(u.login) = lower(${login}::text) and u.active
  ), told as (
    insert into audit_in (actor, source, model, rec, operation, change)
    select 1, 'by hand', 'res.users', id, 'password_link', jsonb_build_object('purpose', purpose) from found
  )
  select * from found`

export interface NewLink {
  hash: Buffer
  account: Pick<Account, 'id' | 'purpose' | 'address' | 'sec_version' | 'epoch'>
  /** How long it is good. */
  minutes: number
}

export const insertLink = ({ hash, account, minutes }: NewLink): Sql => sql`
  insert into password_link (hash, user_id, purpose, address, sec_version, epoch, ends)
  values (${hash}::bytea, ${account.id}::int4, ${account.purpose}, ${account.address}, ${account.sec_version}::int4, ${account.epoch}::int4,
          now() + make_interval(mins => ${minutes}::int4))`

/**
 * A link is good until its time is over, a newer one was sent, the user is archived or has another address, the instance was restored,
 * or: an invitation, until he has a password; a way back in, until his password, login or rights change.
 */
const holds = sql`
  l.ends > now() and l.epoch = m.epoch and u.active and lower(coalesce(p.email, '')) = lower(l.address)
  and case l.purpose when 'invitation' then coalesce(u.password, '') = '' else u.sec_version = l.sec_version end
  and not exists (select from password_link n where n.user_id = l.user_id and n.made > l.made)`

/** Whose password a link lets one choose. */
export interface LinkOwner {
  purpose: LinkPurpose
  login: string
  name: string | null
  lang: string | null
}

export const linkOwner = (hash: Buffer): Sql => sql`
  select l.purpose, u.login, p.name, u.lang
  from password_link l join res_users u on u.id = l.user_id join res_partner p on p.id = u.partner_id cross join meta m
  where l.hash = ${hash}::bytea and ${holds}`

export interface Chosen {
  id: number
  login: string
  sec_version: number
  epoch: number
}

/**
 * Uses the link up and gives its user the password, with the trail's row, in one statement: of two who come at once the second finds the
 * link gone. All sessions and all other links of the user end.
 */
export const choosePassword = (hash: Buffer, password: string, source: string): Sql => sql`
  with used as (
    delete from password_link l using res_users u, res_partner p, meta m
    where l.hash = ${hash}::bytea and u.id = l.user_id and p.id = u.partner_id and ${holds}
    returning l.user_id, l.purpose, l.sec_version, m.epoch
  ), given as (
    update res_users u set password = ${password}::text, sec_version = u.sec_version + 1 from used
    where u.id = used.user_id
      and case used.purpose when 'invitation' then coalesce(u.password, '') = '' else u.sec_version = used.sec_version end
    returning u.id, u.login, u.sec_version, used.purpose, used.epoch
  ), others as (
    delete from password_link l using given where l.user_id = given.id and l.hash <> ${hash}::bytea
  ), told as (
    insert into audit_in (actor, source, model, rec, operation, change)
    select id, 'web', 'res.users', id, 'write',
           jsonb_build_object('password', array['…', '…'], 'sec_version', array[sec_version - 1, sec_version],
                              'by', purpose, 'from', ${source}::text)
    from given
  )
  select id, login, sec_version, epoch from given`

export const sweepLinks: Sql = sql`
  delete from password_link where ctid = any(array(
    select ctid from password_link where ends < now() - interval '1 hour' limit 1000)) returning true`
