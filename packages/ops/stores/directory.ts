import { constants, type Stats } from 'node:fs'
import { link, lstat, mkdir, open, readdir, realpath, rename, rm, rmdir, unlink, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { OpsError } from '../errors.ts'
import { ensureFolder } from '../files.ts'
import { ulid } from '../ulid.ts'
import { conflict, demandContent, demandSame } from './content.ts'
import { at, isRetained, notFound } from './failure.ts'
import {
  abandonedAfterMs,
  defaultTrashDays,
  folders,
  mayLeaveTrash,
  pageSize,
  retainedUntil,
  retainName,
  trashDay,
  walk,
  type Entry,
  type Folder,
} from './layout.ts'
import { demandObjectKey, demandPrefix } from './object-key.ts'
import type { Location, ObjectFacts, ObjectList, PutOrder, StorePruner, StoreReader, StoreWriter } from './store.ts'

/** Makes the folders of a store. Never done in passing: a disk that is not mounted must not be taken for an empty store. */
export function createDirectoryStore(root: string): void {
  for (const path of [root, ...folders.map((name) => join(root, name))]) ensureFolder(path, 0o700)
}

/** A folder of a disk, such as one mounted from elsewhere. `root` as in `layout.ts`. */
export class DirectoryReader implements StoreReader {
  readonly location: Location
  readonly #root: string

  constructor(location: Location, root: string) {
    this.location = location
    this.#root = root
  }

  get(key: string, range?: { start: number; end?: number }): Promise<Readable> {
    return this.doing(`reading ${key}`, async () => {
      const file = await this.openObject(key)
      return file.createReadStream({
        highWaterMark: 2 ** 20,
        start: range?.start ?? 0,
        ...(range?.end === undefined ? {} : { end: range.end }),
      })
    })
  }

  head(key: string): Promise<ObjectFacts | undefined> {
    return this.doing(`looking at ${key}`, async () => {
      const stats = await this.statsOf(key)
      if (!stats) return undefined
      const retainUntil = await this.retention(key)
      return { length: stats.size, modified: stats.mtime, ...(retainUntil ? { retainUntil } : {}) }
    })
  }

  list(prefix: string, cursor?: string): Promise<ObjectList> {
    return this.doing('listing', async () => {
      demandPrefix(prefix)
      const root = await this.demandRoot()
      // The walk follows no links, but it must not begin behind one either.
      await this.place('objects', `${prefix.slice(0, prefix.lastIndexOf('/') + 1)}any`)
      const objects: { key: string; length: number }[] = []
      for await (const { path: key } of walk((folder) => this.entries(join(root, 'objects', folder)), prefix, cursor)) {
        if (objects.length === pageSize) return { objects, cursor: objects.at(-1)!.key }
        const stats = await lstat(join(root, 'objects', key)).catch(unlessMissing(undefined))
        if (stats?.isFile()) objects.push({ key, length: stats.size })
      }
      return { objects }
    })
  }

  /** The time that the file system gives a new file: of a disk that is shared, its server's. */
  now(): Promise<Date> {
    return this.doing('asking for the time', async () => {
      const path = await this.incoming()
      const file = await open(path, 'wx', 0o600)
      try {
        return (await file.stat()).mtime
      } finally {
        await file.close()
        await unlink(path)
      }
    })
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  protected doing<T>(what: string, work: () => Promise<T>): Promise<T> {
    return at(this.location, what, work)
  }

  /** The place of a key, whose folders may not exist yet. Refused when a folder on the way is a link to elsewhere. */
  protected async place(folder: Folder, key: string): Promise<string> {
    demandObjectKey(key)
    const root = await this.demandRoot()
    const path = join(root, folder, key)
    const real = await realpath(dirname(path)).catch(unlessMissing(undefined))
    if (real !== undefined && real !== dirname(path))
      throw new OpsError('store_failed', `The store of ${this.location.name} is not as it was made: ${dirname(path)} leads elsewhere.`)
    return path
  }

  /** The real path of the store, when it is one. */
  protected async demandRoot(): Promise<string> {
    const root = await realpath(this.#root).catch(unlessMissing(undefined))
    if (root !== undefined && (await lstat(join(root, 'objects')).catch(unlessMissing(undefined)))?.isDirectory()) return root
    throw new OpsError('store_failed', `The store of ${this.location.name} is not there: no store in ${this.#root}. Is its disk mounted?`)
  }

  protected async statsOf(key: string): Promise<Stats | undefined> {
    const stats = await lstat(await this.place('objects', key)).catch(unlessMissing(undefined))
    return stats?.isFile() ? stats : undefined
  }

  protected async retention(key: string): Promise<Date | undefined> {
    const path = await this.place('retain', key)
    const names = await readdir(dirname(path)).catch(unlessMissing([] as string[]))
    return retainedUntil(names, path.slice(dirname(path).length + 1))
  }

  protected async entries(path: string): Promise<Entry[]> {
    const found = await readdir(path, { withFileTypes: true }).catch(unlessMissing([]))
    return found.map((one) => ({ name: one.name, kind: one.isDirectory() ? 'folder' : one.isFile() ? 'file' : 'other' }))
  }

  /** A new name among what is being written. */
  protected async incoming(): Promise<string> {
    return join(await this.demandRoot(), 'incoming', ulid())
  }

  private async openObject(key: string): Promise<FileHandle> {
    const path = await this.place('objects', key)
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(unlessMissing(undefined))
    if (file && (await file.stat()).isFile()) return file
    await file?.close()
    throw notFound(this.location, key)
  }
}

/** Has no way to delete or change: a file is whole before it gets its name, and a name that exists is refused by `link`. */
export class DirectoryWriter extends DirectoryReader implements StoreWriter {
  putIfAbsent(key: string, content: () => Readable, order: PutOrder): Promise<'stored' | 'same'> {
    return this.doing(`storing ${key}`, async () => {
      if (await this.statsOf(key)) return this.#keepSame(key, order)
      const fresh = await this.incoming()
      try {
        await write(fresh, demandContent(key, content, order))
        if (order.retainUntil) await promise(await this.place('retain', key), order.retainUntil)
        if (await this.#publish(fresh, key)) return 'stored'
      } finally {
        await rm(fresh, { force: true })
      }
      return this.#keepSame(key, order)
    })
  }

  async #keepSame(key: string, order: PutOrder): Promise<'same'> {
    const same = await demandSame(this, key, order)
    if (order.retainUntil) await promise(await this.place('retain', key), order.retainUntil)
    return same
  }

  /** Gives a whole file its name; false when the name is taken. */
  async #publish(fresh: string, key: string): Promise<boolean> {
    const path = await this.place('objects', key)
    for (let attempt = 0; ; attempt++) {
      await makeFolders(dirname(path))
      try {
        await link(fresh, path)
      } catch (error) {
        const { code } = error as { code?: string }
        if (code === 'EEXIST') {
          if ((await lstat(path)).isFile()) return false
          throw conflict(this.location, key)
        }
        // A pruner has just removed the folder because it was empty.
        if (code === 'ENOENT' && attempt < 3) continue
        throw error
      }
      await sync(dirname(path))
      return true
    }
  }
}

/** Deletes by moving into the trash; has no way to write an object. */
export class DirectoryPruner extends DirectoryReader implements StorePruner {
  readonly trashDays: number

  constructor(location: Location, root: string, trashDays = defaultTrashDays) {
    super(location, root)
    this.trashDays = trashDays
  }

  delete(key: string): Promise<void> {
    return this.doing(`deleting ${key}`, async () => {
      const until = await this.retention(key)
      if (until && until > (await this.now())) throw isRetained(this.location, key, until)
      await this.setAside(key)
    })
  }

  setAside(key: string): Promise<void> {
    return this.doing(`moving ${key} into the trash`, async () => {
      const from = await this.place('objects', key)
      const bin = join(await this.demandRoot(), 'trash', trashDay(await this.now()), ulid())
      const to = join(bin, key)
      await makeFolders(dirname(to))
      try {
        await rename(from, to)
      } catch (error) {
        unlessMissing(undefined)(error)
        return rm(bin, { recursive: true, force: true })
      }
      await sync(dirname(to))
      await sync(dirname(from))
      await rmdir(dirname(from)).catch(() => {}) // it holds other objects still
    })
  }

  purgeTrash(): Promise<number> {
    return this.doing('emptying the trash', async () => {
      const now = await this.now()
      const trash = join(await this.demandRoot(), 'trash')
      let removed = 0
      for (const { name: day } of await this.entries(trash)) {
        if (!mayLeaveTrash(day, now, this.trashDays)) continue
        for await (const { path } of walk((folder) => this.entries(join(trash, folder)), `${day}/`))
          removed += await this.#purge(trash, path, now)
        await removeEmptyFolders(join(trash, day))
      }
      return removed + (await this.#sweepIncoming(now))
    })
  }

  extendRetention(key: string, until: Date): Promise<void> {
    return this.doing(`retaining ${key}`, async () => {
      if (!(await this.statsOf(key))) throw notFound(this.location, key)
      await promise(await this.place('retain', key), until)
    })
  }

  /** `path` is `<date>/<ulid>/<key>`. */
  async #purge(trash: string, path: string, now: Date): Promise<number> {
    const key = path.split('/').slice(2).join('/')
    const until = await this.retention(key)
    if (until && until > now) return 0
    await rm(join(trash, path), { force: true })
    if (!(await this.statsOf(key))) await this.#forgetRetention(key)
    return 1
  }

  async #forgetRetention(key: string): Promise<void> {
    const path = await this.place('retain', key)
    const base = path.slice(dirname(path).length + 1)
    for (const name of await readdir(dirname(path)).catch(unlessMissing([] as string[])))
      if (name.startsWith(`${base}@`)) await rm(join(dirname(path), name), { force: true })
    await rmdir(dirname(path)).catch(() => {}) // there are others in it, or there was none
  }

  async #sweepIncoming(now: Date): Promise<number> {
    const folder = join(await this.demandRoot(), 'incoming')
    let removed = 0
    for (const { name } of await this.entries(folder)) {
      const stats = await lstat(join(folder, name)).catch(unlessMissing(undefined))
      if (!stats || now.getTime() - stats.mtimeMs < abandonedAfterMs) continue
      await rm(join(folder, name), { force: true })
      removed++
    }
    return removed
  }
}

async function write(path: string, content: AsyncIterable<Buffer>): Promise<void> {
  const file = await open(path, 'wx', 0o400)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Promises to keep the object until then: one more name beside those that are there. */
async function promise(retainPath: string, until: Date): Promise<void> {
  await makeFolders(dirname(retainPath))
  const file = await open(retainName(retainPath, until), 'wx', 0o400).catch(unlessCode('EEXIST', undefined))
  await file?.close()
  await sync(dirname(retainPath))
}

/** Folders that are there when the power comes back, too. */
async function makeFolders(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  for (let made = path; made.length >= first.length; made = dirname(made)) await sync(dirname(made))
}

async function sync(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function removeEmptyFolders(path: string): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true }).catch(unlessMissing([])))
    if (entry.isDirectory()) await removeEmptyFolders(join(path, entry.name))
  await rmdir(path).catch(() => {}) // something in it is retained
}

const unlessCode =
  <T>(wanted: string, instead: T) =>
  (error: unknown): T => {
    if ((error as { code?: string }).code === wanted) return instead
    throw error
  }
const unlessMissing = <T>(instead: T) => unlessCode('ENOENT', instead)
