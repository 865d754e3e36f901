import { join } from 'node:path'
import type pg from 'pg'
import { findPostgres } from '../binaries.ts'
import type { Command } from '../envelope/envelope.ts'
import { OpsError } from '../errors.ts'
import type { Home } from '../home.ts'
import { withClient } from '../provision.ts'
import { catalogueHash, catalogueLines, compareCatalogues, grantLines, tellDifference } from './catalogue.ts'
import { openInto, partOf, type FetchedSet, type FetchOptions } from './fetch.ts'

/** Memory and patience of a connection that loads a dump. The commit of the migration that follows makes all of it durable. */
const loading = {
  maintenance_work_mem: '256MB',
  synchronous_commit: 'off',
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
}

/**
 * `pg_restore` as the owner of an instance, into a database that `createDatabase` made of `erp4_empty`. Nothing but what the archive makes
 * by itself: no owners, and no rights, which only migrations give (cloud.md §4). Objects belong to the group of owners, as a template's do.
 * All of it is one transaction: what fails leaves an empty database.
 */
export function restoreCommand(home: Home, config: pg.ClientConfig, file?: string): Command {
  const { dir } = findPostgres(home.facts().postgres)
  const what = ['--format=custom', '--no-owner', '--no-acl', '--exit-on-error', '--single-transaction', '--role=pg_database_owner']
  const where = ['--host', config.host!, '--port', String(config.port), '--username', config.user!, '--dbname', config.database!]
  const options = Object.entries(loading).map(([name, value]) => `-c ${name}=${value}`)
  return {
    command: join(dir, 'pg_restore'),
    args: [...what, '--no-password', ...where, ...(file ? [file] : [])],
    env: { PGPASSWORD: config.password as string, PGAPPNAME: 'erp4 restore', PGOPTIONS: options.join(' ') },
  }
}

/** Loads the database of a fetched set. When this rejects, the database is to be dropped. */
export async function loadDatabase(
  home: Home,
  fetched: FetchedSet,
  owner: pg.ClientConfig,
  { signal, progress }: Pick<FetchOptions, 'signal' | 'progress'> = {},
): Promise<void> {
  const part = partOf(fetched.manifest, 'database')
  const options = { signal, progress: progress && ((bytes: number) => progress(bytes, part.plain_bytes)) }
  await openInto(fetched, part, restoreCommand(home, owner), options)
}

/**
 * Refuses a database whose catalogue is not the one that the set was taken from, or in which a dump has given rights: what it holds
 * beside that would run with the rights of whoever comes next (F7, F8). `expected` names what differs, where its lines are at hand.
 */
export async function demandCatalogue(owner: pg.ClientConfig, hash: string, expected?: readonly string[]): Promise<readonly string[]> {
  const { lines, grants } = await withClient(owner, async (db) => ({ lines: await catalogueLines(db), grants: await grantLines(db) }))
  if (grants.length) throw refusal(`its dump gives rights by itself: ${grants.slice(0, 3).join('; ')}`)
  if (catalogueHash(lines) === hash) return lines
  throw refusal(expected ? tellDifference(compareCatalogues(expected, lines)) : 'its catalogue is another one than that of the set')
}

const refusal = (how: string): OpsError => new OpsError('set_damaged', `The restored database is not what was backed up: ${how}.`)
