import { existsSync, readFileSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { writeDurably } from '../files.ts'
import { listEvidence, verifyEvidence } from '../evidence/reading.ts'
import type { Home } from '../home.ts'
import type { Host } from '../host.ts'
import { locationsFor, readRegister } from '../stores/locations.ts'
import type { AlarmFacts, BadCopy, InstanceFacts, SetSize } from './judge.ts'

const dayMs = 86_400_000

/** What the agent says of itself after each decision. */
export interface Heartbeat {
  /** ISO 8601: when it last decided what to do. */
  decided: string
  pid: number
  /** What it is at, in words. */
  doing: string[]
}

const heartbeatFile = (home: Home): string => join(home.run, 'agent.json')

export const beat = (home: Home, heartbeat: Heartbeat): void =>
  writeDurably(heartbeatFile(home), `${JSON.stringify(heartbeat)}\n`, { mode: 0o600 })

export function heartbeatOf(home: Home): Heartbeat | undefined {
  return existsSync(heartbeatFile(home)) ? (JSON.parse(readFileSync(heartbeatFile(home), 'utf8')) as Heartbeat) : undefined
}

/** What needs no database: who else is down does not matter. `since` is when the one who asks began to look. */
export function factsOfHome(home: Home, since: Date): AlarmFacts {
  const { bavail, blocks, bsize } = statfsSync(home.dir)
  const heartbeat = heartbeatOf(home)
  const decided = heartbeat ? new Date(heartbeat.decided) : null
  return { disk: { freeBytes: bavail * bsize, allBytes: blocks * bsize }, scheduler: { decided, since: decided ?? since } }
}

/** What the evidence tells: dear to read, since every signature is checked. */
export function factsOfEvidence(home: Home, now: Date, instances: ReadonlyMap<string, string>, since: Date): AlarmFacts {
  const records = listEvidence(home, { since: new Date(now.getTime() - 100 * dayMs) })
  const latest = (check: string) => {
    const found = new Map<string, (typeof records)[number]>()
    // A test that could not be done says nothing of what was tested.
    for (const one of records) if (one.check === check && (one.result === 'pass' || one.result === 'fail')) found.set(one.subject.id, one)
    return [...found.values()]
  }
  const passed = records.findLast(({ check, result }) => check === 'dr.drill' && result === 'pass')
  return {
    evidence: { faults: verifyEvidence(home).faults.map(({ file, line, says }) => `${file}${line ? `:${line}` : ''} ${says}`) },
    failedTests: latest('backup.restore_test')
      .filter(({ result, subject }) => result === 'fail' && instances.has(subject.id))
      .map(({ subject, reason }) => ({ instance: instances.get(subject.id)!, reason: reason || 'A restore test has failed.' })),
    refusedPrunings: latest('retention.prune')
      .filter(({ result }) => result === 'fail')
      .map(({ subject, reason }) => ({ location: subject.id, reason })),
    failedRehearsals: ['restore.rehearsal', 'download.rehearsal'].flatMap((check) =>
      latest(check).flatMap(({ result, reason }) => (result === 'fail' ? [{ check, reason: reason || 'It did not pass.' }] : [])),
    ),
    drill: { passed: passed ? new Date(passed.finished) : null, since },
  }
}

/** What the registry knows. With PostgreSQL down all that is known is that. */
export async function factsOfRegistry(host: Host): Promise<AlarmFacts> {
  try {
    const instances = await instanceFacts(host)
    return { registry: { error: null }, instances, copies: await badCopies(host) }
  } catch (error) {
    return { registry: { error: (error as Error).message } }
  }
}

/** Of live instances, suspended ones too: a customer who pays later wants his data. */
async function instanceFacts(host: Host): Promise<InstanceFacts[]> {
  const { rows } = await host.db.query<{
    name: string
    created: Date
    proven: Date | null
    sets: (Omit<SetSize, 'taken'> & { taken: string })[]
    failures: number
    last: string | null
  }>(
    `select i.name, i.created,
       (select max(s.taken) from backup_set s where s.instance = i.uuid and s.state = 'published' and s.proven is not null and s.taken <= now()) as proven,
       coalesce((select json_agg(n) from (
         select s.id as set, s.taken, coalesce(s.bytes, 0) as bytes, coalesce(s.database_bytes, d.plain, 0) as "databaseBytes",
           coalesce(d.smallest, 0) as "smallestPart"
         from backup_set s, lateral (
           select sum((p ->> 'plain_bytes')::float8) filter (where p ->> 'kind' = 'database') as plain,
             min(least((p ->> 'bytes')::float8, case when p ->> 'kind' = 'database' then (p ->> 'plain_bytes')::float8 end)) as smallest
           from jsonb_array_elements(s.manifest::jsonb -> 'parts') p) d
         where s.instance = i.uuid and s.state = 'published' and s.manifest is not null order by s.taken desc limit 8) n), '[]') as sets,
       f.failures, f.last
     from instance i, lateral (
       select count(*)::int as failures, (array_agg(s.error order by s.seq desc))[1] as last from backup_set s where s.instance = i.uuid and s.state = 'failed'
         and s.seq > coalesce((select max(p.seq) from backup_set p where p.instance = i.uuid and p.state = 'published'), 0)) f
     where i.state = 'ready' and i.kind = 'live'`,
  )
  return rows.map(({ name, created, proven, sets, failures, last }) => ({
    name,
    created,
    newestProven: proven ?? undefined,
    sets: sets.map((set) => ({ ...set, taken: new Date(set.taken) })),
    failures: failures ? { count: failures, last: last ?? 'no reason was noted' } : undefined,
  }))
}

async function badCopies(host: Host): Promise<BadCopy[]> {
  const register = readRegister(host.home)
  const { rows } = await host.db.query<{ id: string; instance: string; name: string; since: Date; copies: Record<string, string> }>(
    `select s.id, s.instance, coalesce(i.name, s.instance::text) as name, coalesce(s.ended, s.started) as since,
       coalesce((select jsonb_object_agg(c.location, c.state) from backup_copy c where c.set = s.id), '{}') as copies
     from backup_set s left join instance i on i.uuid = s.instance where s.state = 'published'`,
  )
  return rows.flatMap(({ id, instance, name, since, copies }) =>
    locationsFor(register, instance).flatMap(({ name: location }): BadCopy[] => {
      const state = copies[location] ?? 'missing'
      return state === 'verified' || state === 'pruned' ? [] : [{ location, instance: name, set: id, state, since }]
    }),
  )
}
