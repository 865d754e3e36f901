import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensureFolder, writeDurably, type Home } from '@erp4/ops'
import { keyOf, type Journal, type Past, type Task } from './schedule.ts'

const keptMs = 40 * 86_400_000

/** What the agent has done, by task: `<home>/agent/journal.json`. Nothing is lost with it: everything in it would be done once more. */
export function readJournal(home: Home): Journal {
  try {
    return existsSync(fileOf(home)) ? (JSON.parse(readFileSync(fileOf(home), 'utf8')) as Journal) : {}
  } catch {
    return {} // damaged: as good as lost
  }
}

export function noteTask(home: Home, task: Task, { ok, at, bytes }: { ok: boolean; at: Date; bytes?: number }): Journal {
  const before = readJournal(home)
  const failures = ok ? 0 : (before[keyOf(task)]?.failures ?? 0) + 1
  const past: Past = { at: at.toISOString(), ok, failures, ...(bytes === undefined ? {} : { bytes }) }
  const recent = Object.entries(before).filter(([, one]) => at.getTime() - Date.parse(one.at) < keptMs)
  const journal = { ...Object.fromEntries(recent), [keyOf(task)]: past }
  ensureFolder(join(home.dir, 'agent'), 0o700)
  writeDurably(fileOf(home), `${JSON.stringify(journal)}\n`, { mode: 0o600 })
  return journal
}

const fileOf = (home: Home): string => join(home.dir, 'agent', 'journal.json')
