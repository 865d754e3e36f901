import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { OpsError } from './errors.ts'

/** The programs of one PostgreSQL release. */
export interface PostgresBinaries {
  dir: string
  major: number
}

const oldest = 15
const places = ['/usr/lib/postgresql', '/usr/pgsql', '/opt/homebrew/opt', '/usr/local/opt']

/**
 * Finds PostgreSQL. An existing cluster needs its own major version; a new one takes the newest of 15 and above.
 * `ERP4_PG_BIN` names the folder with `initdb` and `postgres` outright.
 */
export function findPostgres(major?: number): PostgresBinaries {
  const found = candidates().filter((one) => one.major >= oldest && (major === undefined || one.major === major))
  const best = found.sort((a, b) => b.major - a.major)[0]
  if (best) return best
  if (major !== undefined)
    throw new OpsError(
      'no_postgres',
      `This home was made by PostgreSQL ${major}, which is not installed: apt-get install postgresql-${major}`,
    )
  throw new OpsError(
    'no_postgres',
    `PostgreSQL ${oldest} or newer is needed and was not found: apt-get install postgresql postgresql-contrib (or set ERP4_PG_BIN).`,
  )
}

function candidates(): PostgresBinaries[] {
  const given = process.env.ERP4_PG_BIN
  if (given) return [given].flatMap(describe)
  const versioned = places
    .filter((place) => existsSync(place))
    .flatMap((place) => readdirSync(place).map((name) => join(place, name, 'bin')))
  return [...versioned, ...(process.env.PATH ?? '').split(delimiter)].flatMap(describe)
}

function describe(dir: string): PostgresBinaries[] {
  if (!existsSync(join(dir, 'initdb')) || !existsSync(join(dir, 'postgres'))) return []
  const named = /(?:postgresql\/|pgsql-|postgresql@)(\d+)/.exec(dir)?.[1]
  const major = named ?? majorOf(join(dir, 'postgres'))
  return major ? [{ dir, major: Number(major) }] : []
}

const told = new Map<string, string | undefined>()

/** Asks the program, which takes 20 ms: once, until it is another file. */
function majorOf(postgres: string): string | undefined {
  const { mtimeMs, ino } = statSync(postgres)
  const file = `${postgres} ${ino} ${mtimeMs}`
  if (!told.has(file)) told.set(file, /\(PostgreSQL\) (\d+)/.exec(execFileSync(postgres, ['--version'], { encoding: 'utf8' }))?.[1])
  return told.get(file)
}
