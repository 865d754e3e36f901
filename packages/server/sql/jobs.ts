import { sql, type Sql, type SystemTable } from '@erp4/orm'

export type JobClass = 'mail' | 'interactive' | 'bulk'
export type JobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled'

/** Work to be done later, written by the transaction that wants it done. */
export const jobTable: SystemTable = {
  name: 'job',
  ddl: [
    `create table if not exists job (
       id bigint generated always as identity primary key,
       class text not null check (class in ('mail', 'interactive', 'bulk')), name text not null, args jsonb not null default '{}', user_id int4,
       state text not null default 'queued' check (state in ('queued', 'running', 'done', 'failed', 'cancelled', 'held')),
       run_at timestamptz not null default now(), attempts int4 not null default 0, max_attempts int4 not null default 8,
       lease uuid, lease_until timestamptz, done int4 not null default 0, total int4, message text, cancel_asked boolean not null default false,
       result jsonb, error text, schedule_id int4, created_at timestamptz not null default now(), started_at timestamptz, finished_at timestamptz)`,
    "create index if not exists job_waiting on job (run_at) where state = 'queued'",
    "create index if not exists job_running on job (lease_until) where state = 'running'",
    "create index if not exists job_of_schedule on job (schedule_id) where state in ('queued', 'running')",
    "create index if not exists job_finished on job (finished_at) where state in ('done', 'failed', 'cancelled')",
  ],
  runtime: ['select', 'insert', 'update', 'delete'],
}

/** Actions that recur. Intervals of days and more are counted on the zone's calendar: every day at six stays at six. */
export const scheduleTable: SystemTable = {
  name: 'schedule',
  ddl: [
    `create table if not exists schedule (
       id int4 generated always as identity primary key, key text not null unique, name text not null, args jsonb not null default '{}', user_id int4,
       every int4 not null check (every > 0), unit text not null check (unit in ('minutes', 'hours', 'days', 'weeks', 'months')), zone text not null default 'UTC',
       next_at timestamptz not null, active boolean not null default true)`,
    'create index if not exists schedule_next on schedule (next_at) where active',
  ],
  runtime: ['select', 'insert', 'update', 'delete'],
}

export interface JobRow {
  id: number
  class: JobClass
  name: string
  args: Record<string, unknown>
  user_id: number | null
  attempts: number
  max_attempts: number
  lease: string
}

export const insertJob = (job: {
  class: JobClass
  name: string
  args: string
  userId: number | null
  runAt: string | null
  maxAttempts: number
}): Sql => sql`
  insert into job (class, name, args, user_id, run_at, max_attempts)
  values (${job.class}, ${job.name}, ${job.args}::jsonb, ${job.userId}::int4, coalesce(${job.runAt}::timestamptz, now()), ${job.maxAttempts}) returning id`

/** The most urgent job of these classes, given out under a new lease; a job whose lease ran out counts as waiting. */
export const claimJob = (classes: readonly JobClass[], lease: string, leaseMs: number): Sql => sql`
  update job set state = 'running', lease = ${lease}, lease_until = now() + ${leaseMs} * interval '1 ms', attempts = attempts + 1,
         started_at = now(), done = 0, total = null, message = null
  where id = (select id from job
              where class = any(${classes}) and not cancel_asked
                and (state = 'queued' and run_at <= now() or state = 'running' and lease_until < now() and attempts < max_attempts)
              order by array_position(array['mail', 'interactive', 'bulk'], class), run_at, id limit 1 for update skip locked)
  returning id, class, name, args, user_id, attempts, max_attempts, lease`

/** Jobs that died with their last attempt, and those to be cancelled that nobody runs any more. */
export const endLost: Sql = sql`
  update job set state = case when cancel_asked then 'cancelled' else 'failed' end, finished_at = now(), lease = null, lease_until = null,
         error = case when cancel_asked then error else coalesce(error, 'The process that ran it ended before it was done.') end
  where state = 'running' and lease_until < now() and (attempts >= max_attempts or cancel_asked) or state = 'queued' and cancel_asked returning id`

/** Renews the lease and tells of cancelling; no row: the lease was lost. Null leaves what was reported before. */
export const beat = (job: {
  id: number
  lease: string
  leaseMs: number
  done: number | null
  total: number | null
  message: string | null
}): Sql => sql`
  update job set lease_until = now() + ${job.leaseMs} * interval '1 ms', done = coalesce(${job.done}::int4, done), total = coalesce(${job.total}::int4, total),
         message = coalesce(${job.message}::text, message)
  where id = ${job.id} and lease = ${job.lease} and state = 'running' returning cancel_asked`

/** The last statement of a job's transaction: no row means that the lease is another's by now, and nothing may be committed. */
export const finishJob = (job: { id: number; lease: string; result: string | null }): Sql => sql`
  update job set state = 'done', result = ${job.result}::jsonb, finished_at = now(), lease = null, lease_until = null, error = null
  where id = ${job.id} and lease = ${job.lease} and state = 'running' returning id`

/** Last in each transaction of a job of several: the lease is still ours, and stays so until the commit. */
export const holdJob = (job: { id: number; lease: string }): Sql => sql`
  select id from job where id = ${job.id} and lease = ${job.lease} and state = 'running' for share`

export const retryJob = (job: { id: number; lease: string; error: string; waitMs: number }): Sql => sql`
  update job set state = 'queued', run_at = now() + ${job.waitMs} * interval '1 ms', error = ${job.error}, lease = null, lease_until = null
  where id = ${job.id} and lease = ${job.lease} and state = 'running' returning id`

export const endJob = (job: { id: number; lease: string; state: 'failed' | 'cancelled'; error: string | null }): Sql => sql`
  update job set state = ${job.state}, error = ${job.error}, finished_at = now(), lease = null, lease_until = null
  where id = ${job.id} and lease = ${job.lease} and state = 'running' returning id`

/** Given back by a process that stops: as if it had not been tried. */
export const returnJob = (job: { id: number; lease: string }): Sql => sql`
  update job set state = 'queued', attempts = attempts - 1, lease = null, lease_until = null
  where id = ${job.id} and lease = ${job.lease} and state = 'running' returning id`

export const askCancel = (id: number): Sql => sql`
  update job set cancel_asked = true, state = case when state = 'queued' then 'cancelled' else state end,
         finished_at = case when state = 'queued' then now() end
  where id = ${id} and state in ('queued', 'running') returning state`

/** Ends those of these jobs that nobody has begun: whoever claims one at the same moment either waits for this, or is waited for. */
export const recallJobs = (ids: readonly number[], name: string, args: string): Sql => sql`
  update job set cancel_asked = true, state = 'cancelled', finished_at = now()
  where id = any(${ids}::bigint[]) and state = 'queued' and attempts = 0 and name = ${name} and args @> ${args}::jsonb returning args`

export const jobState = (id: number): Sql => sql`
  select id, class, name, state, attempts, done, total, message, result, error, cancel_asked, created_at, started_at, finished_at from job where id = ${id}`

export const jobsOf = (userId: number, names: readonly string[]): Sql =>
  sql`select count(*)::int4 as count from job where user_id = ${userId} and name = any(${names}::text[]) and state in ('queued', 'running')`

export const sweepJobs = (days: number): Sql =>
  sql`delete from job where state in ('done', 'failed', 'cancelled') and finished_at < now() - make_interval(days => ${days})`

export const putSchedule = (schedule: {
  key: string
  name: string
  args: string
  userId: number | null
  every: number
  unit: string
  zone: string
  firstAt: string | null
}): Sql => sql`
  insert into schedule (key, name, args, user_id, every, unit, zone, next_at)
  values (${schedule.key}, ${schedule.name}, ${schedule.args}::jsonb, ${schedule.userId}::int4, ${schedule.every}, ${schedule.unit}, ${schedule.zone},
          coalesce(${schedule.firstAt}::timestamptz, now()))
  on conflict (key) do update set name = excluded.name, args = excluded.args, user_id = excluded.user_id, every = excluded.every, unit = excluded.unit,
     zone = excluded.zone returning id`

/** Fails where PostgreSQL does not know the zone. */
export const tryZone = (zone: string): Sql => sql`select now() at time zone ${zone}`

export interface DueSchedule {
  id: number
  name: string
  args: Record<string, unknown>
  user_id: number | null
  isBusy: boolean
}

/**
 * Moves every due schedule on to its next time after now and gives it out, once. What was missed while nobody looked is made
 * up for by one run, and a schedule whose last run is not over is not started again.
 */
export const takeDue: Sql = sql`
  update schedule s set next_at = case
      when unit in ('minutes', 'hours')
        then next_at + (floor(extract(epoch from now() - next_at) / extract(epoch from step)) + 1)::int8 * step
      else (select min(local at time zone zone)
            from generate_series(next_at at time zone zone, (now() at time zone zone) + 2 * step, step) local where local at time zone zone > now())
    end
  from (select id as due, make_interval(mins => case unit when 'minutes' then every else 0 end, hours => case unit when 'hours' then every else 0 end,
                 days => case unit when 'days' then every when 'weeks' then 7 * every else 0 end, months => case unit when 'months' then every else 0 end) as step
        from schedule where active and next_at <= now() order by id for no key update skip locked) d
  where s.id = d.due
  returning s.id, name, args, user_id, exists (select from job where schedule_id = s.id and state in ('queued', 'running')) as "isBusy"`

export const startScheduled = (job: {
  class: JobClass
  name: string
  args: string
  userId: number | null
  maxAttempts: number
  scheduleId: number
}): Sql => sql`
  insert into job (class, name, args, user_id, max_attempts, schedule_id)
  values (${job.class}, ${job.name}, ${job.args}::jsonb, ${job.userId}::int4, ${job.maxAttempts}, ${job.scheduleId})`

/** When something is to be done next here; null: nothing waits. */
export const nextJobAt: Sql = sql`
  select least((select min(run_at) from job where state = 'queued'), (select min(lease_until) from job where state = 'running'),
               (select min(next_at) from schedule where active)) as at`
