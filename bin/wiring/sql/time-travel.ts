import { type Sql, sql } from '@erp4/orm'

/** What a live database knows of who may do what: nothing of it may come back that was taken away. */
export interface LiveRights {
  epoch: number
  users: {
    id: number
    login: string
    active: boolean
    password: string | null
    secVersion: number
    groups: number[]
    companies: number[]
  }[]
  /** Of keys for the API: their hash, and until when they are good. */
  keys: { hash: string; until: string | null }[]
  /** Numbers of documents: the next one of each sequence. */
  numbers: { id: number; name: string; code: string | null; prefix: string | null; next: number; step: number }[]
  /** The newest row of the trail, sealed or not. */
  trail: { seq: number; head: string | null; waiting: number }
}

export const liveRights: Sql = sql`
  select json_build_object(
    'epoch', (select epoch from meta),
    'users', (select coalesce(json_agg(json_build_object('id', u.id, 'login', u.login, 'active', u.active, 'password', u.password, 'secVersion', u.sec_version,
        'groups', array(select right_id from res_users_group_ids_rel where left_id = u.id order by 1),
        'companies', array(select right_id from res_users_company_ids_rel where left_id = u.id order by 1)) order by u.id), '[]') from res_users u),
    'keys', (select coalesce(json_agg(json_build_object('hash', secret_hash, 'until', expiration_date)), '[]') from res_users_apikeys where secret_hash is not null),
    'numbers', (select coalesce(json_agg(json_build_object('id', id, 'name', name, 'code', code, 'prefix', prefix, 'next', number_next, 'step', number_increment)
        order by id), '[]') from ir_sequence),
    'trail', json_build_object('seq', coalesce((select max(seq) from audit_log), 0), 'waiting', (select count(*) from audit_in),
        'head', (select encode(hash, 'hex') from audit_log order by seq desc limit 1))) as rights`

/** All sessions, tickets and remembered sign-ins of either past are over. */
export const raiseEpoch = (above: number): Sql => sql`
  update meta set epoch = greatest(epoch, ${above}::int4) + 1, login = login + 1, rules = rules + 1 returning epoch`

export const endSessions: Sql = sql`delete from session`

const users = (rights: LiveRights): Sql => sql`json_to_recordset(${JSON.stringify(rights.users)}::json)
  as live(id int, active bool, password text, "secVersion" int, groups int[], companies int[])`

/** Users who are gone or archived by now stay out. */
export const archiveGone = (rights: LiveRights): Sql => sql`
  update res_users u set active = false, sec_version = sec_version + 1
  where u.active and u.id <> 1 and not exists (select from ${users(rights)} where live.id = u.id and live.active) returning u.login`

/** A password that was changed since, perhaps because somebody knew it, stays changed. */
export const keepPasswords = (rights: LiveRights): Sql => sql`
  update res_users u set password = live.password, sec_version = greatest(u.sec_version, live."secVersion") + 1
  from ${users(rights)} where live.id = u.id and live.password is distinct from u.password returning u.login`

/** Whose rights were lessened since has the lesser ones, which the greater implied: nobody gets any that he had not. */
export const giveLesserGroups = (rights: LiveRights): Sql => sql`
  with recursive held(user_id, group_id) as (
    select left_id, right_id from res_users_group_ids_rel
    union select held.user_id, i.right_id from held join res_groups_implied_ids_rel i on i.left_id = held.group_id)
  insert into res_users_group_ids_rel (left_id, right_id)
  select live.id, wanted.id from ${users(rights)} cross join lateral unnest(live.groups) wanted(id)
    join held on held.user_id = live.id and held.group_id = wanted.id
  where not exists (select from res_users_group_ids_rel r where r.left_id = live.id and r.right_id = wanted.id) returning left_id`

export const takeGroups = (rights: LiveRights): Sql => sql`
  delete from res_users_group_ids_rel r using ${users(rights)}
  where live.id = r.left_id and not r.right_id = any(live.groups)
  returning (select login from res_users where id = r.left_id) as login, (select key from res_groups where id = r.right_id) as "group"`

export const takeCompanies = (rights: LiveRights): Sql => sql`
  delete from res_users_company_ids_rel r using ${users(rights)}, res_users u
  where live.id = r.left_id and u.id = r.left_id and not r.right_id = any(live.companies) and r.right_id <> u.company_id
  returning u.login, r.right_id as company`

const keys = (rights: LiveRights): Sql => sql`json_to_recordset(${JSON.stringify(rights.keys)}::json) as live(hash text, until timestamp)`

export const revokeKeys = (rights: LiveRights): Sql => sql`
  delete from res_users_apikeys k where not exists (select from ${keys(rights)} where live.hash = k.secret_hash) returning k.name, k.user_id as "user"`

export const shortenKeys = (rights: LiveRights): Sql => sql`
  update res_users_apikeys k set expiration_date = live.until from ${keys(rights)}
  where live.hash = k.secret_hash and live.until is not null and (k.expiration_date is null or k.expiration_date > live.until) returning k.name`

export const holdOutbox = (why: string): Sql => sql`
  update outbox set state = 'held', error = ${why}, lease = null, lease_until = null where state in ('queued', 'sending') returning id`

export const holdJobs = (why: string): Sql => sql`
  update job set state = 'held', error = ${why}, lease = null, lease_until = null where state in ('queued', 'running') returning id`

/** A number that was given to a document in the time that is lost is not given again: that document may be with a customer. */
export const skipNumbers = (rights: LiveRights): Sql => sql`
  update ir_sequence s set number_next = live.next
  from json_to_recordset(${JSON.stringify(rights.numbers)}::json) as live(id int, next int, step int), ir_sequence before
  where live.id = s.id and before.id = s.id and (live.next - s.number_next) * sign(live.step) > 0
  returning s.id, s.name, s.code, s.implementation, s.prefix, before.number_next as "from", live.next - live.step as "to"`

/** The trail goes on with an entry that names what it lost; where that lies is for the operator to tell. */
export const continueTrail = (change: object): Sql => sql`
  insert into audit_in (source, operation, change) values ('restore', 'restored', ${JSON.stringify(change)}::jsonb)`

/** Active languages, the default one first: each has indexes of its own. */
export const languagesOf: Sql = sql`select langs from meta`
export const setLanguages = (languages: readonly string[]): Sql => sql`update meta set langs = ${languages}`
