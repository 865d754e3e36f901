import type { Host } from './host.ts'
import { dueDeletions } from './instances-deletion.ts'
import { locationsFor, readRegister } from './stores/locations.ts'

/** An instance as whoever schedules sees it. Suspended ones are no different. */
export interface ScheduledInstance {
  uuid: string
  name: string
  zone: string
  created: Date
  /** When the newest scheduled or intraday set that succeeded, or is under way, was begun. */
  lastSet: Date | undefined
  /** Days that have a scheduled set, newest first. */
  days: readonly string[]
  /** Attempts that failed since, and when the last of them began. */
  failures: number
  lastAttempt: Date | undefined
}

/** A published set of an instance that is not gone, with a copy somewhere. */
export interface ScheduledSet {
  set: string
  instance: string
  taken: Date
  proven: Date | undefined
  /** Of its database: what a restore test costs. */
  bytes: number
}

export interface ScheduleFacts {
  instances: readonly ScheduledInstance[]
  sets: readonly ScheduledSet[]
  locations: readonly string[]
  /** Some published set is not whole everywhere it should be. */
  isIncomplete: boolean
  /** Names of deleted instances and copies whose time is over. */
  deletions: readonly string[]
}

/** What there is to schedule, from the registry of this host alone. */
export async function scheduleFacts(host: Host): Promise<ScheduleFacts> {
  const register = readRegister(host.home)
  const [instances, sets, deletions] = await Promise.all([instancesOf(host), setsOf(host), dueDeletions(host)])
  return {
    instances,
    sets: sets.map(({ set, name, taken, proven, bytes }) => ({ set, instance: name, taken, proven: proven ?? undefined, bytes })),
    locations: register.locations.map(({ name }) => name),
    isIncomplete: sets.some(({ uuid, copies }) =>
      locationsFor(register, uuid).some(({ name }) => !['verified', 'pruned'].includes(copies[name] ?? '')),
    ),
    deletions: deletions.map(({ name }) => name),
  }
}

async function instancesOf(host: Host): Promise<ScheduledInstance[]> {
  const { rows } = await host.db.query<
    Omit<ScheduledInstance, 'lastSet' | 'lastAttempt'> & { lastSet: Date | null; lastAttempt: Date | null }
  >(
    `select i.uuid, i.name, i.zone, i.created, good.last as "lastSet", coalesce(good.days, '{}') as days, bad.failures, bad.last as "lastAttempt"
     from instance i,
       lateral (select max(s.started) as last, max(s.seq) as seq,
           array_agg(s.labels ->> 'day' order by s.taken desc) filter (where s.class = 'scheduled' and s.state = 'published' and s.taken > now() - interval '8 days') as days
         from backup_set s where s.instance = i.uuid and s.class in ('scheduled', 'intraday') and s.state not in ('failed', 'pruned')) good,
       lateral (select count(*)::int as failures, max(s.started) as last from backup_set s
         where s.instance = i.uuid and s.class in ('scheduled', 'intraday') and s.state = 'failed' and s.seq > coalesce(good.seq, 0)) bad
     where i.state = 'ready' and i.kind = 'live' order by i.name`,
  )
  return rows.map(({ lastSet, lastAttempt, ...rest }) => ({
    ...rest,
    lastSet: lastSet ?? undefined,
    lastAttempt: lastAttempt ?? undefined,
  }))
}

async function setsOf(host: Host) {
  const { rows } = await host.db.query<{
    set: string
    uuid: string
    name: string
    taken: Date
    proven: Date | null
    bytes: number
    copies: Record<string, string>
  }>(
    `select s.id as set, s.instance as uuid, i.name, s.taken, s.proven, coalesce(s.database_bytes, s.bytes, 0)::float8 as bytes, c.copies
     from backup_set s join instance i on i.uuid = s.instance,
       lateral (select coalesce(jsonb_object_agg(c.location, c.state), '{}') as copies,
           bool_or(c.state in ('stored', 'verified')) as there from backup_copy c where c.set = s.id) c
     where s.state = 'published' and i.state <> 'deleting' and c.there order by s.taken desc`,
  )
  return rows
}
