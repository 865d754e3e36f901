import { type Sql, ident, sql } from '@erp4/orm'

// What makes the database of a copy harmless; its owner runs it, in one transaction.

/** It takes as long as there are rows. */
export const waitForEver: Sql = sql`set local statement_timeout = 0`

export const endSessions: Sql = sql`truncate session, login_device, login_try, password_link, link_ask, idempotency`

export const dropKeys: Sql = sql`delete from res_users_apikeys`

export const empty = (table: string, column: string): Sql =>
  sql`update ${ident(table)} set ${ident(column)} = null where ${ident(column)} is not null`

export const holdOutbox = (why: string): Sql =>
  sql`update outbox set state = 'held', error = ${why}, lease = null, lease_until = null where state in ('queued', 'sending')`

export const holdJobs = (why: string): Sql =>
  sql`update job set state = 'held', error = ${why}, lease = null, lease_until = null where state in ('queued', 'running')`

export const stopSchedules: Sql = sql`update schedule set active = false`

export const trailHead: Sql = sql`select last as seq, encode(head, 'hex') as head from audit_seal order by n desc limit 1`

export const dropTrail: Sql = sql`truncate audit_in, audit_log, audit_seal`

/** `change` names the original and where its trail ended. */
export const beginTrail = (change: string): Sql =>
  sql`insert into audit_in (source, operation, change) values ('copy', 'copied', ${change}::jsonb)`
