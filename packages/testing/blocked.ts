import { setTimeout as pause } from 'node:timers/promises'
import { type Databases, sql } from '@erp4/orm'

/**
 * Waits until each of these attempts waits for a lock of this database, or is through without having had to. On the fastest machine and on the
 * slowest, the sides of a race are then where they meet; a wait of so many milliseconds would leave that to the clock.
 */
export async function untilBlocked(
  at: { databases: Databases; database: string },
  ...attempts: readonly Promise<unknown>[]
): Promise<void> {
  let left = attempts.length
  const over = (): void => void left--
  for (const attempt of attempts) attempt.then(over, over)
  while ((await at.databases.use(at.database, (cx) => cx.query(waiting))).length < left) await pause(5)
}

const waiting = sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
