/**
 * The host's own picture of its backups: a cache of the stores' manifests, and what is under way. Sets outlive their instances, so there
 * is no foreign key.
 */
export const backupSchema = `
create table if not exists backup_set (
  id text primary key,
  instance uuid not null,
  class text not null check (class in ('scheduled', 'intraday', 'manual', 'safety', 'final')),
  state text not null check (state in ('planned', 'dumping', 'spooled', 'storing', 'published', 'failed', 'pruned')),
  seq bigint not null,
  started timestamptz not null default now(),
  taken timestamptz,
  ended timestamptz,
  labels jsonb,
  bytes bigint,
  database_bytes bigint,
  -- The manifest and its signature, byte for byte.
  manifest text,
  signature text,
  error text,
  -- The newest certificate of a restore test: when, from where, and its evidence record.
  proven timestamptz,
  proven_from text,
  certificate text,
  hold boolean not null default false,
  keep_until timestamptz,
  unique (instance, seq)
);
create index if not exists backup_set_instance on backup_set (instance, taken desc);
create table if not exists backup_copy (
  set text not null references backup_set on delete cascade,
  location text not null,
  state text not null check (state in ('storing', 'stored', 'verified', 'damaged', 'missing', 'pruned')),
  /** When every byte of it was last read back and compared. */
  checked timestamptz,
  error text,
  primary key (set, location)
);
create table if not exists alarm (
  name text not null,
  subject text not null,
  since timestamptz not null default now(),
  last_seen timestamptz not null default now(),
  mailed timestamptz,
  detail text not null,
  primary key (name, subject)
);
grant select, insert, update, delete on backup_set, backup_copy, alarm to erp4_ops;
`
