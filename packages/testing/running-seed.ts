import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { sharedHomeVariable } from '@erp4/ops'
import type { RunningInstance } from './running.ts'

const run = promisify(execFile)

/** What one first start has made, for others to begin with. */
export interface Seed {
  /** A home whose ERP4 was ended; its compiled code is in it, too. */
  readonly home: string
  /** With the passwords, which are told once. */
  readonly instances: readonly RunningInstance[]
}

/**
 * The seed of a run of tests, made by whoever asks first while others wait: a first start takes ten seconds of both cores, and a story about
 * crashes proves nothing by making its instances itself. Undefined for a file that is run by hand, and where making it failed.
 */
export async function seedOf(make: (home: string) => Promise<readonly RunningInstance[]>, patienceMs: number): Promise<Seed | undefined> {
  const shared = process.env[sharedHomeVariable]
  if (shared === undefined) return undefined
  const folder = join(shared, 'seed')
  const [home, ready, failed] = [join(folder, 'home'), join(folder, 'ready.json'), join(folder, 'failed')]
  if (takes(folder))
    try {
      mkdirSync(home, { mode: 0o711 })
      writeFileSync(ready, JSON.stringify(await make(home)), { mode: 0o600 })
    } catch (error) {
      writeFileSync(failed, String(error))
      throw error
    }
  for (const until = Date.now() + patienceMs; !existsSync(ready); await pause(50))
    if (existsSync(failed) || Date.now() > until) return undefined
  // Written in one call, but looked for between the two: an empty one is not there yet.
  for (let text = ''; ; await pause(20)) {
    text = readFileSync(ready, 'utf8')
    if (text !== '') return { home, instances: JSON.parse(text) as RunningInstance[] }
  }
}

/** Makes a home of the seed's, with owners and modes as they are there. */
export const copySeed = async ({ home }: Seed, to: string): Promise<void> =>
  void (await run('cp', ['-a', '--reflink=auto', `${home}/.`, to]))

/** What an agent has done, by task, as it keeps it in `agent/journal.json` of its home. */
type Journal = Readonly<Record<string, { readonly at: string; readonly ok: boolean; readonly failures: number; readonly bytes?: number }>>

/**
 * The journal of an agent that has done what it does each day, and has tried as many bytes of sets as it may: a story has the processors for
 * itself. Backups that are due are made all the same.
 */
export function restedJournal(locations: readonly string[], now = new Date()): Journal {
  const done = { at: now.toISOString(), ok: true, failures: 0 }
  const tasks = ['finish', 'testify', 'mail', ...locations.flatMap((name) => [`prune ${name}`, `scrub ${name}`])]
  return { ...Object.fromEntries(tasks.map((task) => [task, done])), 'prove earlier': { ...done, bytes: Number.MAX_SAFE_INTEGER } }
}

/** Whether the folder is ours to make. */
function takes(folder: string): boolean {
  try {
    mkdirSync(folder, { mode: 0o711 })
    return true
  } catch (error) {
    if ((error as { code?: string }).code === 'EEXIST') return false
    throw error
  }
}
