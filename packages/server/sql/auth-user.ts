import { sql, type Sql } from '@erp4/orm'

/** What a password is judged by. The versions are those under which the verdict holds. */
export interface Candidate {
  epoch: number
  login_version: number
  /** Rounds that a hash should have; `password.hashing.rounds` can raise them. */
  rounds: number
  /** Null when there is no such active user. */
  id: number | null
  login: string | null
  password: string | null
  sec_version: number | null
}

/** A whole number from `ir_config_parameter`, or `fallback` when there is none or it is none. Read where it is used: a change acts at once, everywhere. */
export const setting = (key: string, fallback: number): Sql =>
  sql`coalesce((select case when value ~ '^[0-9]{1,8}$' then value::int4 end from ir_config_parameter where key = ${key}::text limit 1), ${fallback}::int4)`

const rounds = setting('password.hashing.rounds', 0)

export const passwordPolicy: Sql = sql`select ${setting('auth_password_policy.minlength', 12)} as min_length, ${rounds} as rounds`

const candidate = (found: Sql): Sql => sql`
  select m.epoch, m.login as login_version,
         ${rounds} as rounds,
         u.id, u.login, u.password, u.sec_version
  from meta m left join res_users u on u.active and ${found}`

/** Always one row: a login that nobody has is judged like one that somebody has. Case counts as little as in the rule that logins are unique. */
export const candidateByLogin = (login: string): Sql => candidate(sql`lower(u.login) = lower(${login}::text)`)

export const candidateById = (id: number): Sql => candidate(sql`u.id = ${id}::int4`)

/** The same password under more rounds: `sec_version` stays, so sessions do; unless someone changed the password meanwhile. */
export const rehash = (id: number, old: string, fresh: string): Sql => sql`
  update res_users set password = ${fresh}::text where id = ${id}::int4 and password = ${old}::text`

/** The first password of a user who has none yet, in one statement with the trail's row: for instances that are just made. No row: he has one. */
export const firstHash = (login: string, hash: string): Sql => sql`
  with given as (update res_users set password = ${hash}::text, sec_version = sec_version + 1
                 where login = ${login}::text and password is null returning id, sec_version),
       told as (insert into audit_in (actor, source, model, rec, operation, change)
                select 1, 'first password', 'res.users', id, 'write',
                       jsonb_build_object('password', array['…', '…'], 'sec_version', array[sec_version - 1, sec_version]) from given)
  select id from given`

/** A sign-in, or a failed one, in the trail. The login of a failure is not written: people type passwords there. */
export const auditSignIn = (one: {
  operation: 'login' | 'login_failed'
  user: number | null
  by: 'session' | 'rpc' | 'confirmation'
  source: string
}): Sql => sql`
  insert into audit_in (actor, source, model, rec, operation, change)
  values (${one.operation === 'login' ? one.user : null}::int4, ${one.by === 'rpc' ? 'rpc' : 'web'}::text, 'res.users', ${one.user}::int4,
          ${one.operation}::text, ${JSON.stringify({ by: one.by, from: one.source })}::jsonb)`
