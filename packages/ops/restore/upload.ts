import { spawn } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { demandSpace } from '../backup/spool.ts'
import type { ErpTasks } from '../erp-tasks.ts'
import { OpsError } from '../errors.ts'
import type { Host } from '../host.ts'
import { connectAs, createInstance, type Instance } from '../instances.ts'
import { findOsUser, isRoot, postgresUser } from '../os-user.ts'
import { printable } from '../printable.ts'
import { withClient } from '../provision.ts'
import { catalogueLines, compareCatalogues, isOwnColumn, tellDifference } from './catalogue.ts'
import { restoreCommand } from './load.ts'
import { moveRows, type Moved } from './move-rows.ts'
import { scratchUser, withScratch, type Scratch } from './scratch.ts'

/** What an upload may cost before it is refused. */
export interface UploadLimits {
  /** Of the file. */
  fileBytes: number
  /** Of the database that comes of it: this much, and so many times the file. */
  databaseBytes: number
  ratio: number
  seconds: number
}

export const defaultLimits: UploadLimits = { fileBytes: 8e9, databaseBytes: 20e9, ratio: 60, seconds: 3600 }

export interface UploadOrder {
  /** Made by `pg_dump -Fc`, such as `db.dump` of a downloaded archive. */
  file: string
  name: string
  hosts: readonly string[]
  /** The apps that it is a database of. */
  apps: readonly string[]
  days: number
  erp: ErpTasks
  limits?: Partial<UploadLimits>
  /** A scratch cluster that is running already, with nothing else in it; one of its own otherwise. */
  scratch?: Scratch
  tell?: (step: string) => void
  signal?: AbortSignal
}

export interface UploadReport extends Moved {
  instance: Instance
}

/**
 * Makes a neutralised copy of a dump that anybody may have made. An archive's labels promise nothing (cloud.md F8), so the dump is loaded
 * where it can harm nobody: a scratch cluster of its own, without a network, as an OS user who can read nothing, within limits of size and
 * time. Its catalogue must be what our own migrations make, with nothing beside but plain `x_` columns; whatever else is there is refused by
 * name. Then rows move, by statements and column lists of ours, into a database that our migrations made. Files are no part of a dump.
 * OpsError `refused` says what is wrong with the file.
 */
export async function restoreUpload(host: Host, order: UploadOrder): Promise<UploadReport> {
  const limits = { ...defaultLimits, ...order.limits }
  const tell = order.tell ?? (() => {})
  const bytes = await demandCustomFormat(order.file, limits)
  const work = async (scratch: Scratch): Promise<UploadReport> => {
    tell('Loading the file where it can harm nobody')
    const suspect = await scratch.empty(order.apps)
    const source = await connectAs(scratch.host, suspect, 'owner')
    await loadSuspect(
      scratch,
      suspect,
      order.file,
      { ...limits, databaseBytes: Math.min(limits.databaseBytes, Math.max(64e6, bytes * limits.ratio)) },
      order.signal,
    )
    tell('Comparing it with what our own migrations make')
    const own = await demandOurs(order, source)
    demandSpace(host.home, host.home.data, 2 * (await sizeOf(scratch, suspect)), 'The upload')
    const { name, hosts, apps, days, erp } = order
    const made = { name, hosts, apps, release: erp.release, template: 'erp4_empty', kind: 'copy', days } as const
    const { instance, prepared } = await createInstance(host, {
      ...made,
      prepare: async (copy, op) => {
        await op.step('migrated')
        await erp.migrate(copy)
        tell('Moving rows')
        await op.step('rows')
        const moved = await moveRows(source, await connectAs(host, copy, 'owner'), own)
        tell('Neutralising')
        await op.step('neutralised')
        // Its languages and apps are those of the upload only now.
        await erp.migrate(copy)
        await erp.neutralise({ ...copy, copyOf: copy.uuid })
        return moved
      },
    })
    return { instance, ...prepared }
  }
  return order.scratch ? work(order.scratch) : withScratch(host.home, work)
}

const customFormat = 1

/** `PGDMP`, three bytes of version, two of sizes, then the format: custom, directory, tar and plain text are told apart here. */
async function demandCustomFormat(file: string, { fileBytes }: UploadLimits): Promise<number> {
  const found = await stat(file).catch(() => undefined)
  if (!found?.isFile()) throw new OpsError('not_found', `There is no file ${file}.`)
  if (found.size > fileBytes) throw refused(`it has ${found.size} bytes, and ${fileBytes} are allowed`)
  const handle = await open(file, 'r')
  try {
    const head = Buffer.alloc(11)
    await handle.read(head, 0, head.length, 0)
    if (head.toString('latin1', 0, 5) !== 'PGDMP' || head[10] !== customFormat)
      throw refused('it was not made by pg_dump in the custom format (-Fc)')
    return found.size
  } finally {
    await handle.close()
  }
}

/** Runs the file's statements as the owner of a database that is thrown away, read by a program that runs as nobody of ours. */
async function loadSuspect(
  scratch: Scratch,
  suspect: Instance,
  file: string,
  limits: UploadLimits,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { command, args, env } = restoreCommand(scratch.host.home, await connectAs(scratch.host, suspect, 'owner'))
  const user = isRoot() ? (findOsUser(scratchUser) ?? postgresUser()) : undefined
  const options = { PGOPTIONS: `-c statement_timeout=${limits.seconds * 1000}` }
  const child = spawn(command, [...args], {
    cwd: '/',
    env: { PATH: process.env.PATH, LC_ALL: 'C', ...env, ...options },
    stdio: ['pipe', 'ignore', 'pipe'],
    ...(user ? { uid: user.uid, gid: user.gid } : {}),
  })
  let [said, reason] = ['', '']
  child.stderr.on('data', (piece: Buffer) => (said = (said + piece.toString()).slice(0, 4_000)))
  const end = (why: string): void => {
    reason ||= why
    child.kill('SIGKILL')
    void scratch.host.cluster.stop('immediate').catch(() => {}) // a statement goes on without its client; nothing else is in this cluster
  }
  const late = setTimeout(() => end(`it takes longer than ${limits.seconds} s to load`), limits.seconds * 1000)
  const watch = setInterval(() => {
    void sizeOf(scratch, suspect).then(
      (bytes) => bytes > limits.databaseBytes && end(`it becomes a database of more than ${Math.round(limits.databaseBytes / 1e6)} MB`),
      () => {}, // the exit tells
    )
  }, 200)
  const stop = (): void => end('it was called off')
  signal?.addEventListener('abort', stop, { once: true })
  try {
    const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
    await pipeline(createReadStream(file), child.stdin).catch(() => {}) // a program that stops reading tells why
    const code = await ended
    if (reason || code !== 0) throw refused(reason || `it does not load: ${firstError(said)}`)
    const bytes = await sizeOf(scratch, suspect)
    if (bytes > limits.databaseBytes) throw refused(`it becomes a database of more than ${Math.round(limits.databaseBytes / 1e6)} MB`)
  } finally {
    clearTimeout(late)
    clearInterval(watch)
    signal?.removeEventListener('abort', stop)
  }
}

async function sizeOf({ host }: Scratch, { database }: Instance): Promise<number> {
  const { rows } = await host.db.query<{ bytes: string }>('select pg_database_size($1) as bytes', [database])
  return Number(rows[0]!.bytes)
}

const firstError = (said: string): string =>
  said
    .split('\n')
    .find((line) => /error|ERROR/.test(line))
    ?.slice(0, 300) ??
  (said.slice(0, 300) || 'no reason was told')

/** The customer's own columns, when nothing but them is beside what our migrations make. */
async function demandOurs({ apps, erp }: UploadOrder, source: Parameters<typeof withClient>[0]): Promise<string[]> {
  const quick = { ...source, statement_timeout: 60_000 }
  const expected = await erp.expectedCatalogue(apps, quick)
  const found = await withClient(quick, catalogueLines)
  const difference = compareCatalogues(expected, found)
  if (difference.extra.length || difference.missing.length)
    throw refused(`it is not what ERP4 makes for the apps ${apps.join(', ')}: ${tellDifference(difference)}`)
  const wanted = new Set(expected)
  return found.filter((line) => !wanted.has(line) && isOwnColumn(line))
}

const refused = (how: string): OpsError => new OpsError('refused', `The file cannot be restored: ${printable(how, 2_000)}.`)
