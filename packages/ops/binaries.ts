import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
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
  const major = named ?? /\(PostgreSQL\) (\d+)/.exec(execFileSync(join(dir, 'postgres'), ['--version'], { encoding: 'utf8' }))?.[1]
  return major ? [{ dir, major: Number(major) }] : []
}
