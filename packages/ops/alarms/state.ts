import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type pg from 'pg'
import { ensureFolder, writeDurably } from '../files.ts'
import type { Home } from '../home.ts'
import { decidedBy, type Alarm, type AlarmFacts } from './judge.ts'

/** An alarm that is up. Times are ISO 8601, UTC. */
export interface RaisedAlarm extends Alarm {
  since: string
  lastSeen: string
  mailed: string | null
}

/** What has changed with the last look. */
export interface AlarmChanges {
  raised: RaisedAlarm[]
  still: RaisedAlarm[]
  cleared: RaisedAlarm[]
}

export const alarmFolder = (home: Home): string => join(home.dir, 'alarms')
const stateFile = (home: Home): string => join(alarmFolder(home), 'state.json')

/** The alarms that are up. They lie in a file, since the registry may be what is down. */
export function listAlarms(home: Home): RaisedAlarm[] {
  const path = stateFile(home)
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as RaisedAlarm[]) : []
}

export function keepAlarms(home: Home, alarms: readonly RaisedAlarm[]): void {
  ensureFolder(alarmFolder(home), 0o700)
  writeDurably(stateFile(home), `${JSON.stringify(alarms, null, 1)}\n`, { mode: 0o600 })
}

/** Compares what is wrong now with what was up before; an alarm whose facts could not be had is neither raised nor cleared. */
export function settleAlarms(before: readonly RaisedAlarm[], now: readonly Alarm[], facts: AlarmFacts, at: Date): AlarmChanges {
  const decided = new Set(
    Object.entries(decidedBy).flatMap(([part, names]) => (facts[part as keyof AlarmFacts] === undefined ? [] : names)),
  )
  const isSame = (one: Alarm) => (other: Alarm) => one.name === other.name && one.subject === other.subject
  const raised = now
    .filter((one) => !before.some(isSame(one)))
    .map((one): RaisedAlarm => ({ ...one, since: at.toISOString(), lastSeen: at.toISOString(), mailed: null }))
  const still = before.flatMap((one): RaisedAlarm[] => {
    const found = now.find(isSame(one))
    if (found) return [{ ...one, detail: found.detail, lastSeen: at.toISOString() }]
    return decided.has(one.name) ? [] : [one]
  })
  const cleared = before.filter((one) => !still.some(isSame(one)))
  return { raised, still, cleared }
}

/** The same in the registry, for screens and whoever asks there. */
export async function mirrorAlarms(db: pg.Pool, alarms: readonly RaisedAlarm[]): Promise<void> {
  await db.query(
    `with now as (select * from jsonb_to_recordset($1::jsonb) as r(name text, subject text, since timestamptz, "lastSeen" timestamptz, mailed timestamptz, detail text)),
       gone as (delete from alarm a where not exists (select from now where now.name = a.name and now.subject = a.subject))
     insert into alarm (name, subject, since, last_seen, mailed, detail) select name, subject, since, "lastSeen", mailed, detail from now
     on conflict (name, subject) do update set since = excluded.since, last_seen = excluded.last_seen, mailed = excluded.mailed, detail = excluded.detail`,
    [JSON.stringify(alarms)],
  )
}
