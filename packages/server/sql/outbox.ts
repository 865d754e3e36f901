import { sql, type Sql, type SystemTable } from '@erp4/orm'

/** Mail to be sent, written by the transaction that wants it sent. */
export const outboxTable: SystemTable = {
  name: 'outbox',
  ddl: [
    `create table if not exists outbox (
       id bigint generated always as identity primary key,
       state text not null default 'queued' check (state in ('queued', 'sending', 'sent', 'failed', 'held')),
       message_id text not null unique, sender jsonb not null, recipients jsonb not null, cc jsonb not null default '[]', reply_to jsonb,
       subject text not null, body_html text, body_text text not null, language text, attempts int4 not null default 0,
       run_at timestamptz not null default now(), lease uuid, lease_until timestamptz, error text,
       created_at timestamptz not null default now(), sent_at timestamptz)`,
    'alter table outbox add column if not exists sealed bytea',
    'alter table outbox add column if not exists until timestamptz',
    "create index if not exists outbox_waiting on outbox (run_at) where state = 'queued'",
    "create index if not exists outbox_sending on outbox (lease_until) where state = 'sending'",
    "create index if not exists outbox_sent on outbox (sent_at) where state = 'sent'",
  ],
  runtime: ['select', 'insert', 'update', 'delete'],
}

/** Made after `blob`: it refers to it, so that no content goes while a mail waits that needs it. */
export const outboxAttachmentTable: SystemTable = {
  name: 'outbox_attachment',
  ddl: [
    `create table if not exists outbox_attachment (
       outbox_id bigint not null references outbox on delete cascade, position int4 not null, name text not null, blob text not null references blob,
       primary key (outbox_id, position))`,
    'create index if not exists outbox_attachment_blob on outbox_attachment (blob)',
  ],
  runtime: ['select', 'insert', 'delete'],
}

export interface Address {
  name?: string
  address: string
}

export interface OutboxMail {
  messageId: string
  from: Address
  to: readonly Address[]
  cc: readonly Address[]
  replyTo: Address | null
  subject: string
  /** What it says, as `mail/sealed.ts` seals it. */
  sealed: Buffer
  language: string | null
  runAt: string | null
  /** After this it is of no use, and not sent. */
  until: string | null
}

export const insertMail = (mail: OutboxMail): Sql => sql`
  insert into outbox (message_id, sender, recipients, cc, reply_to, subject, body_text, sealed, language, run_at, until)
  values (${mail.messageId}, ${JSON.stringify(mail.from)}::jsonb, ${JSON.stringify(mail.to)}::jsonb, ${JSON.stringify(mail.cc)}::jsonb,
          ${mail.replyTo && JSON.stringify(mail.replyTo)}::jsonb, ${mail.subject}, '', ${mail.sealed}::bytea, ${mail.language},
          coalesce(${mail.runAt}::timestamptz, now()), ${mail.until}::timestamptz) returning id`

export const insertAttachments = (id: number, names: readonly string[], blobs: readonly string[]): Sql => sql`
  insert into outbox_attachment (outbox_id, position, name, blob)
  select ${id}::bigint, part.position, part.name, part.blob from unnest(${names}::text[], ${blobs}::text[]) with ordinality part(name, blob, position)`

export interface MailRow {
  id: number
  lease: string
  message_id: string
  sender: Address
  recipients: Address[]
  cc: Address[]
  reply_to: Address | null
  subject: string
  /** Null where an earlier release wrote it, in clear. */
  sealed: Buffer | null
  body_html: string | null
  body_text: string
  language: string | null
  attempts: number
  created: number
}

const forgotten = sql`sealed = null, body_text = '', body_html = null`

/** What waited too long says what is not so any more: it is not sent, and what it said is forgotten. */
export const giveUpMail: Sql = sql`
  update outbox set state = 'failed', error = 'It could not be sent in time.', ${forgotten}, lease = null, lease_until = null
  where (state = 'queued' or state = 'sending' and lease_until < now()) and until < now() returning id`

/** The mail that waits longest; one whose sender died counts as waiting, and goes out again under the Message-ID it has. */
export const claimMail = (lease: string, leaseMs: number): Sql => sql`
  update outbox set state = 'sending', lease = ${lease}, lease_until = now() + ${leaseMs} * interval '1 ms', attempts = attempts + 1
  where id = (select id from outbox where state = 'queued' and run_at <= now() or state = 'sending' and lease_until < now()
              order by run_at, id limit 1 for update skip locked)
  returning id, lease, message_id, sender, recipients, cc, reply_to, subject, sealed, body_html, body_text, language, attempts,
            extract(epoch from created_at)::float8 * 1000 as created`

export const attachmentsOf = (id: number): Sql => sql`select name, blob from outbox_attachment where outbox_id = ${id} order by position`

/** What it said is forgotten: links in letters open things. `note`: recipients whom the server refused while it took others. */
export const mailSent = (mail: { id: number; lease: string; note: string | null }): Sql => sql`
  update outbox set state = 'sent', sent_at = now(), error = ${mail.note}, ${forgotten}, lease = null, lease_until = null
  where id = ${mail.id} and lease = ${mail.lease} and state = 'sending' returning id`

export const mailFailed = (mail: { id: number; lease: string; error: string }): Sql => sql`
  update outbox set state = 'failed', error = ${mail.error}, lease = null, lease_until = null
  where id = ${mail.id} and lease = ${mail.lease} and state = 'sending' returning id`

export const mailLater = (mail: { id: number; lease: string; error: string; waitMs: number }): Sql => sql`
  update outbox set state = 'queued', error = ${mail.error}, run_at = now() + ${mail.waitMs} * interval '1 ms', lease = null, lease_until = null
  where id = ${mail.id} and lease = ${mail.lease} and state = 'sending' returning id`

export const holdMail = (why: string): Sql => sql`
  update outbox set state = 'held', error = ${why}, lease = null, lease_until = null
  where state = 'queued' or state = 'sending' and lease_until < now() returning id`

export const releaseMail = (ids: readonly number[]): Sql => sql`
  update outbox set state = 'queued', error = null, attempts = 0, run_at = now()
  where id = any(${ids}::bigint[]) and state in ('held', 'failed') and (sealed is not null or body_text <> '') returning id`

export const mailStates = (ids: readonly number[]): Sql => sql`select id, state, error from outbox where id = any(${ids}::bigint[])`

export const nextMailAt: Sql = sql`
  select least((select min(run_at) from outbox where state = 'queued'), (select min(lease_until) from outbox where state = 'sending')) as at`

/**
 * What failed can be sent again for some days, and what is held longer; then what it said is forgotten: a link in it may be good for much longer.
 * That there was such a mail, and why it failed, stays until somebody has looked at it.
 */
export const forgetMail = ({ failed, held }: { failed: number; held: number }): Sql => sql`
  update outbox set ${forgotten} where id = any(array(
    select id from outbox
    where (sealed is not null or body_text <> '') and (
      until < now() and state in ('failed', 'held')
      or state = 'failed' and greatest(run_at, created_at) < now() - make_interval(days => ${failed}::int4)
      or state = 'held' and created_at < now() - make_interval(days => ${held}::int4)) limit 1000)) returning true`

/** Mail that went out long ago; what failed or is held stays until somebody has looked at it. */
export const sweepMail = (days: number): Sql => sql`
  delete from outbox where id = any(array(
    select id from outbox where state = 'sent' and sent_at < now() - make_interval(days => ${days}) order by sent_at limit 1000)) returning true`
