import type { SystemTable } from './system-table.ts'

/**
 * One row: the versions that ride in the session statement, so that caches are exact without NOTIFY (kernel §2.8), the active
 * languages with the default one first, and the apps by version.
 */
const meta: SystemTable = {
  name: 'meta',
  ddl: [
    `create table if not exists meta (
       id boolean primary key default true check (id),
       epoch int4 not null default 1,
       rules int4 not null default 1,
       schema int4 not null default 1,
       login int4 not null default 1,
       langs text[] not null default '{en_US}' check (cardinality(langs) > 0),
       apps jsonb not null default '{}')`,
    'insert into meta (id) values (true) on conflict do nothing',
  ],
  runtime: ['select', 'update'],
}

/** The inbox of the audit trail, written in the business transaction and emptied by the sealer (kernel §2.1). What is in it cannot be changed by the runtime. */
const auditIn: SystemTable = {
  name: 'audit_in',
  ddl: [
    `create table if not exists audit_in (
       id bigint generated always as identity primary key,
       at timestamptz not null default now(),
       txid xid8 not null default pg_current_xact_id(),
       actor int4, on_behalf int4, source text, model text, rec int4, operation text, change jsonb,
       salt bytea not null default uuid_send(gen_random_uuid()))`,
  ],
  // Screens show the sealed trail and what still waits.
  runtime: ['select', 'insert'],
  seal: ['select', 'delete'],
}

/**
 * The sealed trail, filled from the inbox by the sealer. `change` is the text that was hashed, byte for byte; a row without salt was erased.
 * Declared here because the history of a record is read from both.
 */
export const auditLog: SystemTable = {
  name: 'audit_log',
  ddl: [
    `create table if not exists audit_log (
       seq bigint primary key,
       id bigint, at timestamptz, txid text, actor int4, on_behalf int4, source text, model text, rec int4, operation text, change text,
       salt bytea check (octet_length(salt) = 16),
       row_hash bytea not null check (octet_length(row_hash) = 32),
       hash bytea not null check (octet_length(hash) = 32))`,
    'create index if not exists audit_log_record on audit_log (model, rec, seq)',
  ],
  runtime: ['select'],
  seal: ['select', 'insert'],
}

/** The tables that the ORM itself needs; migrations make them before all others. */
export const kernelTables: readonly SystemTable[] = [meta, auditIn, auditLog]
