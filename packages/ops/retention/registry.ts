import type { Host } from '../host.ts'
import type { RetentionSet } from './plan.ts'
import type { PruneOrder } from './prune.ts'

/**
 * The published sets of an instance as this host knows them: for showing what stays. What goes is decided at each location, by what lies
 * there.
 */
export async function retentionSets(host: Host, instance: string): Promise<RetentionSet[]> {
  const { rows } = await host.db.query<Omit<RetentionSet, 'keepUntil'> & { keepUntil: Date | null }>(
    `select s.id as set, s.class, s.seq::float8 as seq, s.taken, s.labels, s.proven is not null as proven, s.keep_until as "keepUntil",
       s.hold or coalesce(i.legal_hold is not null, false) as hold
     from backup_set s left join instance i on i.uuid = s.instance
     where s.instance = $1 and s.state = 'published' and s.taken is not null and s.labels is not null order by s.seq`,
    [instance],
  )
  return rows.map(({ keepUntil, ...set }) => ({ ...set, ...(keepUntil ? { keepUntil } : {}) }))
}

/** What the registry asks a pruner to be more careful with. It can ask for nothing to go. */
export async function careOf(host: Host): Promise<NonNullable<PruneOrder['care']>> {
  const held = await host.db.query<{ id: string }>(
    'select id from backup_set where hold union all select uuid::text from instance where legal_hold is not null',
  )
  const promised = await host.db.query<{ id: string; until: Date }>(
    'select id, keep_until as until from backup_set where keep_until is not null',
  )
  return { holds: new Set(held.rows.map(({ id }) => id)), keepUntil: new Map(promised.rows.map(({ id, until }) => [id, until])) }
}

/** Notes which copies a pruner dropped, so that nobody takes them for lost; a set without copies is `pruned`. */
export async function notePruned(
  host: Host,
  { location, instances }: { location: string; instances: readonly { dropped: readonly { set: string }[] }[] },
): Promise<void> {
  const dropped = instances.flatMap((one) => one.dropped.map(({ set }) => set))
  if (dropped.length === 0) return
  await host.db.query(`update backup_copy set state = 'pruned', error = null where location = $1 and set = any($2)`, [location, dropped])
  await host.db.query(
    `update backup_set set state = 'pruned' where id = any($1) and state = 'published'
     and not exists (select from backup_copy c where c.set = id and c.state <> 'pruned')`,
    [dropped],
  )
}
