import { spawn, type ChildProcess } from 'node:child_process'
import { constants } from 'node:fs'
import { chown, copyFile, link } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { isDeepStrictEqual } from 'node:util'
import { contentOf, type Content } from './backup/content.ts'
import { dumpCommand } from './backup/parts.ts'
import { relativePath, takeSnapshot, type Snapshot } from './backup/snapshot.ts'
import type { Command } from './envelope/envelope.ts'
import type { ErpTasks } from './erp-tasks.ts'
import { OpsError } from './errors.ts'
import { ensureFolder, syncFolder } from './files.ts'
import type { Host } from './host.ts'
import { connectAs, createInstance, demandReady, findInstance, type Instance } from './instances.ts'
import { operation, type Operation } from './operation.ts'
import { withClient } from './provision.ts'
import { demandCatalogue, restoreCommand } from './restore/load.ts'

export interface CopyOrder {
  /** Of the copy. */
  name: string
  hosts: readonly string[]
  /** Of the code that migrates it. */
  release: string
  /** After so many days it goes by itself. */
  days: number
  tasks: Pick<ErpTasks, 'migrate' | 'neutralise'>
  tell?: (step: string) => void
}

/**
 * Makes a neutralised copy of an instance as it is at one moment, while people work in it: a database, roles, keys and files of its own. That
 * it is a copy is a fact of the registry before its database exists (cloud.md §4), so it never sends a mail or runs a job; nobody can reach
 * it before it was compared with the original and neutralised. Interrupted, nothing of it stays.
 */
export async function duplicateInstance(host: Host, original: string, order: CopyOrder): Promise<Instance> {
  const { uuid } = await findInstance(host, original)
  return operation(host.db, uuid, 'duplicate', async () => {
    const source = await findInstance(host, original)
    demandReady(source)
    const { apps, zone } = source
    const { name, hosts, release, days } = order
    // From the empty template: what every instance's database has that no dump brings (cloud.md §4).
    const made = { name, hosts, apps, release, template: 'erp4_empty', kind: 'copy', copyOf: uuid, days, zone } as const
    const { instance } = await createInstance(host, { ...made, prepare: (copy, op) => fill(host, source, copy, order, op) })
    return instance
  })
}

async function fill(host: Host, source: Instance, copy: Instance, { tasks, tell = () => {} }: CopyOrder, op: Operation): Promise<void> {
  const begin = async (step: string): Promise<void> => {
    tell(step)
    await op.step(step)
  }
  await begin('Copying the database')
  const snapshot = await takeSnapshot(host, source)
  try {
    const owner = await connectAs(host, copy, 'owner')
    const content = await snapshot.measure()
    await pipe(dumpCommand(host.home, snapshot.config, snapshot.id), restoreCommand(host.home, owner), op.signal)
    await snapshot.letGo()
    await begin('Copying the files')
    await copyFiles(host, source, copy, snapshot)
    await begin('Comparing with the original')
    await demandSame(content, owner)
  } finally {
    await snapshot.close()
  }
  await begin('Bringing it to this release')
  await tasks.migrate(copy)
  await begin('Neutralising')
  await tasks.neutralise(copy)
}

/** Lets one program write what another reads. Either failing is told by its exit alone: an end of the data says nothing (cloud.md F3). */
async function pipe(from: Command, to: Command, signal: AbortSignal): Promise<void> {
  const [writer, reader] = [run(from, signal), run(to, signal)]
  // A broken pipe is only what follows when one of the two ended; the exits tell which.
  const flow = pipeline(writer.child.stdout!, reader.child.stdin!).catch(() => {})
  try {
    await Promise.all([writer.ended, reader.ended])
    await flow
  } finally {
    for (const { child } of [writer, reader]) child.kill('SIGKILL')
  }
}

interface Running {
  child: ChildProcess
  ended: Promise<void>
}

function run({ command, args, env }: Command, signal: AbortSignal): Running {
  const child = spawn(command, args, {
    cwd: '/',
    env: { PATH: process.env.PATH, LC_ALL: 'C', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    signal,
  })
  let said = ''
  child.stderr.on('data', (piece: Buffer) => (said = (said + piece.toString()).slice(-2_000)))
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, killed) => {
      if (code === 0 && killed === null) return resolve()
      reject(new OpsError('program_failed', `${command} ended with ${killed ?? code}: ${said.trim().split('\n').at(-1) ?? ''}`))
    })
  })
  ended.catch(() => {}) // awaited by `pipe`, perhaps after the other one failed
  return { child, ended }
}

/**
 * Files never change once they are written, and each instance unlinks its own: a copy on the same disk shares their bytes. What keeps the
 * two apart is that the copy's database wraps their keys with its own.
 */
async function copyFiles({ home }: Host, source: Instance, copy: Instance, { files }: Snapshot): Promise<void> {
  const [from, to] = [join(home.files, source.uuid), join(home.files, copy.uuid)]
  const shelves = new Set(files.map(({ name }) => join(to, dirname(relativePath(name)))))
  for (const shelf of shelves) ensureFolder(shelf, 0o700, home.serverUser)
  for (const { name } of files) await linkOrCopy(join(from, relativePath(name)), join(to, relativePath(name)), home.serverUser)
  for (const shelf of shelves) syncFolder(shelf)
}

async function linkOrCopy(from: string, to: string, owner: { uid: number; gid: number } | undefined): Promise<void> {
  try {
    await link(from, to)
  } catch (error) {
    if (!['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    await copyFile(from, to, constants.COPYFILE_EXCL)
    if (owner) await chown(to, owner.uid, owner.gid)
  }
}

async function demandSame(content: Content, owner: Awaited<ReturnType<typeof connectAs>>): Promise<void> {
  await demandCatalogue(owner, content.catalogue)
  const found = await withClient(owner, async (db) => {
    await db.query('begin isolation level repeatable read read only')
    return contentOf(db)
  })
  if (!isDeepStrictEqual(found.tables, content.tables)) throw new OpsError('set_damaged', 'The copy does not hold what the original holds.')
}
