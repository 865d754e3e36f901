import { writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type pg from 'pg'
import { findPostgres } from '../binaries.ts'
import { sealPart, type Command, type PartProcess } from '../envelope/envelope.ts'
import { withUnnamedFile } from '../files.ts'
import type { Home } from '../home.ts'
import type { ManifestPart, SetFacts } from './manifest.ts'
import { relativePath, type Snapshot } from './snapshot.ts'

/** How the parts of one set are made. */
export interface PartOrder {
  home: Home
  instance: string
  set: string
  /** The instance's key for backups. */
  key: Buffer
  /** Where the parts shall lie. */
  folder: string
  /** Seals all parts of the set. */
  process?: PartProcess | undefined
  bytesPerSecond?: number | undefined
  signal?: AbortSignal | undefined
  /** Hears of each part how many bytes have passed. */
  progress?: ((part: string, plainBytes: number) => void) | undefined
}

/** How long pg_dump waits for a table that somebody holds in exclusive lock before the backup fails. */
const lockPatienceMs = 120_000

/** The database as of the snapshot, dumped by its owner: never by a superuser, whom a view could make run anything (cloud.md F7). */
export function sealDatabase(order: PartOrder, snapshot: Snapshot): Promise<ManifestPart> {
  return sealed(
    order,
    { name: 'db-000.esdk', kind: 'database' },
    { ...dumpCommand(order.home, snapshot.config, snapshot.id), writes: 2 ** 20 },
    true,
  )
}

/** `pg_dump -Fc -Z0`: compressed by us, all of it at once, which is quicker and smaller than table by table. */
export function dumpCommand(home: Home, config: pg.ClientConfig, snapshot: string): Command {
  const { dir } = findPostgres(home.facts().postgres)
  const args = ['--format=custom', '--compress=0', `--snapshot=${snapshot}`, '--no-password', `--lock-wait-timeout=${lockPatienceMs}`]
  return {
    command: join(dir, 'pg_dump'),
    args: [...args, '--host', config.host!, '--port', String(config.port), '--username', config.user!, '--dbname', config.database!],
    env: { PGPASSWORD: config.password as string, PGAPPNAME: 'erp4 backup' },
  }
}

/** A tar of the files as they lie, encrypted each with a key of its own that is in the database. The same files make the same bytes. */
export async function sealFiles(order: PartOrder, snapshot: Pick<Snapshot, 'files'>): Promise<ManifestPart> {
  const list = join(order.folder, 'files.list')
  writeFileSync(list, snapshot.files.map(({ name }) => `${relativePath(name)}\0`).join(''), { mode: 0o600, flag: 'wx' })
  const looks = ['--format=gnu', '--owner=0', '--group=0', '--numeric-owner', '--mode=0600', '--mtime=@0']
  const what = ['--null', '--verbatim-files-from', '--no-recursion', `--files-from=${list}`]
  const from = join(order.home.files, order.instance)
  const tar = { command: 'tar', args: ['--create', '--file=-', ...looks, `--directory=${from}`, ...what] }
  try {
    return await sealed(order, { name: 'files-000.tar.esdk', kind: 'files' }, tar, false)
  } finally {
    await rm(list, { force: true })
  }
}

/** They name a customer and his tables: in plain they never have a name on the disk, where a kill would leave them. */
export const sealFacts = (order: PartOrder, facts: SetFacts): Promise<ManifestPart> =>
  withUnnamedFile(order.folder, async (file, path) => {
    await file.writeFile(`${JSON.stringify(facts)}\n`)
    return sealed(order, { name: 'facts-000.esdk', kind: 'facts' }, { file: path }, true)
  })

async function sealed(
  { instance, set, folder, ...order }: PartOrder,
  { name, kind }: Pick<ManifestPart, 'name' | 'kind'>,
  source: Command | { file: string },
  compress: boolean,
): Promise<ManifestPart> {
  const { key, process, bytesPerSecond, signal, progress } = order
  const done = await sealPart({
    source,
    key,
    context: { instance, set, part: name },
    to: join(folder, name),
    compress,
    process,
    bytesPerSecond,
    signal,
    progress: progress && ((plainBytes) => progress(name, plainBytes)),
  })
  return {
    name,
    kind,
    sha256: done.sha256,
    bytes: done.bytes,
    plain_sha256: done.plainSha256,
    plain_bytes: done.plainBytes,
    shared_from: null,
  }
}
