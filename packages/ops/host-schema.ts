/** Logins of one instance, and the purposes of its sealed passwords. */
export const instanceRoles = ['owner', 'runtime', 'seal'] as const
export type InstanceRole = (typeof instanceRoles)[number]

/**
 * The registry of a host, `erp4_host`. All of it belongs to the superuser and is changed by `provision` only: were a table the property
 * of `erp4_ops`, a trigger on it would run with whatever rights touch it next (cloud.md F7).
 */
export const hostSchema = `
create table if not exists instance (
  uuid uuid primary key,
  name text not null unique check (name ~ '^[a-z][a-z0-9-]{0,39}$'),
  generation int not null default 1 check (generation > 0),
  kind text not null default 'live' check (kind in ('live', 'copy')),
  database text not null generated always as ('i_' || replace(uuid::text, '-', '') || '_g' || generation) stored,
  apps text[] not null default '{}',
  release text not null default '',
  key_version int not null default 1,
  state text not null default 'creating' check (state in ('creating', 'ready', 'deleting')),
  created timestamptz not null default now()
);
-- Facts that came after the first release of the registry.
alter table instance
  add column if not exists zone text not null default 'UTC',
  add column if not exists plan text not null default 'free' check (plan in ('paid', 'free')),
  add column if not exists suspended timestamptz,
  add column if not exists expires timestamptz,
  add column if not exists delete_after timestamptz,
  add column if not exists legal_hold text,
  add column if not exists copy_of uuid,
  -- Since when a restore is about to put another generation in this one's place: servers hold what is new for a moment.
  add column if not exists fenced timestamptz,
  -- The host that it is on its way to, or has moved to.
  add column if not exists moved_to uuid,
  drop constraint if exists instance_state_check,
  add constraint instance_state_check check (state in ('creating', 'ready', 'deleted', 'deleting', 'moving', 'moved')),
  drop constraint if exists instance_delete_after_check,
  add constraint instance_delete_after_check check ((state in ('deleted', 'moved')) <= (delete_after is not null));
create table if not exists host_name (
  host text primary key check (host = lower(host) and host ~ '^[a-z0-9.-]{1,253}$'),
  instance uuid not null references instance on delete cascade,
  position int not null
);
create index if not exists host_name_instance on host_name (instance, position);
create table if not exists secret (
  instance uuid not null references instance on delete cascade,
  purpose text not null check (purpose in ('owner', 'runtime', 'seal')),
  version int not null,
  sealed bytea not null,
  primary key (instance, purpose)
);
create table if not exists active (
  instance uuid primary key references instance on delete cascade,
  until timestamptz not null,
  visited timestamptz,
  next_due timestamptz
);
create table if not exists audit_head (
  instance uuid not null references instance on delete cascade,
  seq bigint not null,
  head bytea not null,
  signed text not null,
  at timestamptz not null default now(),
  primary key (instance, seq)
);
-- A restore takes the trail back: what was sealed before it goes on being known, under the generation that it was sealed in.
alter table audit_head add column if not exists generation int not null default 1;
alter table audit_head drop constraint if exists audit_head_pkey;
alter table audit_head add primary key (instance, generation, seq);
create table if not exists template (
  name text primary key,
  label text not null,
  fingerprint text not null,
  apps text[] not null,
  built timestamptz
);
create table if not exists operation (
  id bigint generated always as identity primary key,
  subject text not null,
  kind text not null,
  holder text not null,
  started timestamptz not null default now(),
  ended timestamptz,
  result text
);
alter table operation
  add column if not exists fence bigint,
  add column if not exists state text not null default 'begun',
  add column if not exists detail jsonb not null default '{}',
  add column if not exists progress jsonb,
  add column if not exists must_finish boolean not null default false;
create index if not exists operation_subject on operation (subject, id desc);
create index if not exists operation_unfinished on operation (subject) where ended is null;
create table if not exists operation_lock (
  subject text primary key,
  fence bigint not null,
  kind text not null,
  holder text not null,
  until timestamptz not null
);
-- Instances in which something waits for the owner of their tables.
create table if not exists owner_ask (
  instance uuid primary key references instance on delete cascade,
  asked timestamptz not null default now()
);
create sequence if not exists operation_fence;

grant select, insert, update, delete on instance, host_name, secret, template, operation_lock to erp4_ops;
grant select, insert, update on operation to erp4_ops;
grant select, delete on active to erp4_ops;
grant select, insert on audit_head to erp4_ops;
grant usage on sequence operation_fence to erp4_ops;
grant select on instance, host_name, active, secret to erp4_server;
grant insert, update on active to erp4_server;
grant select, insert, update on owner_ask to erp4_server;
grant select, delete on owner_ask to erp4_ops;
grant select on instance, host_name, active, secret, audit_head to erp4_sealer;
grant insert (instance, generation, seq, head, signed) on audit_head to erp4_sealer;

alter table secret enable row level security;
drop policy if exists ops on secret;
create policy ops on secret to erp4_ops using (true);
drop policy if exists server on secret;
create policy server on secret for select to erp4_server using (purpose = 'runtime');
drop policy if exists sealer on secret;
create policy sealer on secret for select to erp4_sealer using (purpose = 'seal');

create or replace function tell_instances() returns trigger language plpgsql as $$
begin
  perform pg_notify('erp4_instances', '');
  return null;
end $$;
create or replace trigger tell_instances after insert or update or delete on instance for each statement execute function tell_instances();
create or replace trigger tell_instances after insert or update or delete on host_name for each statement execute function tell_instances();

create or replace function tell_owner() returns trigger language plpgsql as $$
begin
  perform pg_notify('erp4_owner', '');
  return null;
end $$;
create or replace trigger tell_owner after insert or update on owner_ask for each statement execute function tell_owner();

create or replace function demand_verifier(verifier text) returns text language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if verifier is null or verifier !~ '^SCRAM-SHA-256\\$4096:[A-Za-z0-9+/]{22}==\\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=$' then
    raise exception 'not a SCRAM verifier' using errcode = '22023';
  end if;
  return verifier;
end $$;

-- The argument is a uuid: there is no spelling of it that names any other role.
create or replace function make_instance_roles(instance uuid, owner_verifier text, runtime_verifier text, seal_verifier text, connections int)
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare stem text := 'i_' || replace(instance::text, '-', '') || '_';
begin
  if instance is null or connections is null or connections not between 1 and 200 then
    raise exception 'instance and 1 to 200 connections are needed' using errcode = '22023';
  end if;
  execute format('create role %I login connection limit 4 password %L', stem || 'owner', public.demand_verifier(owner_verifier));
  execute format('create role %I login connection limit %s password %L', stem || 'runtime', connections, public.demand_verifier(runtime_verifier));
  execute format('create role %I login connection limit 2 password %L', stem || 'seal', public.demand_verifier(seal_verifier));
  -- pg_catalog is searched first either way; named first it would also be where an owner's new tables go.
  execute format('alter role %I set search_path = public', stem || 'owner');
  execute format('alter role %I set search_path = pg_catalog, public', stem || 'runtime');
  execute format('alter role %I set search_path = pg_catalog, public', stem || 'seal');
  execute format('alter role %I set statement_timeout = %L', stem || 'runtime', '60s');
  execute format('alter role %I set idle_in_transaction_session_timeout = %L', stem || 'runtime', '30s');
  execute format('alter role %I set lock_timeout = %L', stem || 'runtime', '10s');
  execute format('grant %I to erp4_ops', stem || 'owner');
  execute format('grant erp4_runtime to %I', stem || 'runtime');
  execute format('grant erp4_seal to %I', stem || 'seal');
end $$;

create or replace function drop_instance_roles(instance uuid)
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare stem text := 'i_' || replace(instance::text, '-', '') || '_';
begin
  if instance is null then
    raise exception 'an instance is needed' using errcode = '22023';
  end if;
  execute format('drop role if exists %I, %I, %I', stem || 'owner', stem || 'runtime', stem || 'seal');
end $$;

create or replace function set_instance_password(instance uuid, purpose text, verifier text)
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if instance is null or purpose is null or purpose not in ('owner', 'runtime', 'seal') then
    raise exception 'an instance and one of its three roles are needed' using errcode = '22023';
  end if;
  execute format('alter role %I password %L', 'i_' || replace(instance::text, '-', '') || '_' || purpose, public.demand_verifier(verifier));
end $$;

do $$
declare f regprocedure;
begin
  foreach f in array array['make_instance_roles(uuid, text, text, text, int)', 'drop_instance_roles(uuid)', 'set_instance_password(uuid, text, text)']::regprocedure[] loop
    execute format('alter function %s owner to erp4_roles', f);
    execute format('revoke all on function %s from public', f);
    execute format('grant execute on function %s to erp4_ops', f);
  end loop;
end $$;
`
