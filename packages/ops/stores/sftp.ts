import { posix } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { OpsError } from '../errors.ts'
import { ulid } from '../ulid.ts'
import { conflict, demandContent, demandSame } from './content.ts'
import type { StoreCredentials } from './credentials.ts'
import { at, isRetained, notFound } from './failure.ts'
import {
  abandonedAfterMs,
  defaultTrashDays,
  mayLeaveTrash,
  pageSize,
  retainedUntil,
  retainName,
  trashDay,
  walk,
  type Folder,
} from './layout.ts'
import type { StoreRole } from './locations.ts'
import { demandObjectKey, demandPrefix } from './object-key.ts'
import { isAnswer, isDenied, SftpLink, type SftpSettings } from './sftp-link.ts'
import type { Location, ObjectFacts, ObjectList, PutOrder, StorePruner, StoreReader, StoreWriter } from './store.ts'

const attempts = 3

/** A folder of an SFTP server, laid out as in `layout.ts`: at the location itself it can be read as a directory store. */
export class SftpReader implements StoreReader {
  readonly location: Location
  protected readonly link: SftpLink
  readonly #root: string
  #isStore = false

  constructor(location: Location, settings: SftpSettings, credentials: () => StoreCredentials, role: StoreRole = 'read') {
    this.location = location
    this.link = new SftpLink(settings, role, credentials)
    this.#root = settings.path
  }

  get(key: string, range?: { start: number; end?: number }): Promise<Readable> {
    return this.doing(`reading ${key}`, async () => {
      const length = await this.lengthOf(key)
      if (length === undefined) throw notFound(this.location, key)
      const start = range?.start ?? 0
      const end = Math.min(range?.end ?? Infinity, length - 1)
      return start > end ? Readable.from([]) : this.link.read(this.path('objects', key), start, end)
    })
  }

  head(key: string): Promise<ObjectFacts | undefined> {
    return this.doing(`looking at ${key}`, async () => {
      await this.demandStore()
      const stats = await this.link.stats(this.path('objects', key))
      if (!stats?.isFile()) return undefined
      const retainUntil = await this.retention(key)
      return { length: stats.size, modified: new Date(stats.mtime * 1000), ...(retainUntil ? { retainUntil } : {}) }
    })
  }

  list(prefix: string, cursor?: string): Promise<ObjectList> {
    return this.doing('listing', async () => {
      demandPrefix(prefix)
      await this.demandStore()
      const objects: { key: string; length: number }[] = []
      const read = (folder: string) => this.link.entries(posix.join(this.#root, 'objects', folder))
      for await (const { path: key, length = 0 } of walk(read, prefix, cursor)) {
        if (objects.length === pageSize) return { objects, cursor: objects.at(-1)!.key }
        objects.push({ key, length })
      }
      return { objects }
    })
  }

  /** The time that the server gives a new file, to the second: the protocol has no other way to ask, and none for who may only read. */
  now(): Promise<Date> {
    return this.doing('asking for the time', async () => {
      await this.demandStore()
      const path = this.incoming()
      try {
        return await this.link.writeNew(path, Readable.from([]))
      } catch (error) {
        if (!isDenied(error)) throw error
        throw new OpsError('refused', `${this.location.name} tells its time to those alone who may write or delete there.`, {
          cause: error,
        })
      } finally {
        await this.link.tryRemove(path)
      }
    })
  }

  close(): Promise<void> {
    return this.link.close()
  }

  protected doing<T>(what: string, work: () => Promise<T>): Promise<T> {
    return at(this.location, what, work)
  }

  protected path(folder: Folder, key: string): string {
    demandObjectKey(key)
    return posix.join(this.#root, folder, key)
  }

  protected folder(name: Folder): string {
    return posix.join(this.#root, name)
  }

  protected incoming(): string {
    return posix.join(this.#root, 'incoming', ulid())
  }

  /** Not made in passing: a disk that is not mounted there must not be taken for an empty store. */
  protected async demandStore(): Promise<void> {
    if (this.#isStore) return
    if (!(await this.link.stats(posix.join(this.#root, 'objects')))?.isDirectory())
      throw new OpsError('store_failed', `The store of ${this.location.name} is not there: its server has no store in ${this.#root}.`)
    this.#isStore = true
  }

  protected async lengthOf(key: string): Promise<number | undefined> {
    const path = this.path('objects', key)
    await this.demandStore()
    const stats = await this.link.stats(path)
    return stats?.isFile() ? stats.size : undefined
  }

  protected async retention(key: string): Promise<Date | undefined> {
    const path = this.path('retain', key)
    const entries = await this.link.entries(posix.dirname(path))
    return retainedUntil(
      entries.map(({ name }) => name),
      posix.basename(path),
    )
  }

  /** One more promise beside those that are there. */
  protected async promise(key: string, until: Date): Promise<void> {
    const path = retainName(this.path('retain', key), until)
    await this.link.makeFolders(posix.dirname(path))
    if (await this.link.stats(path)) return
    await this.link.writeNew(path, Readable.from([])).catch(async (error: unknown) => {
      if (!(await this.link.stats(path))) throw error // otherwise another was quicker
    })
  }
}

/**
 * Needs no right but to make files, folders and links: its key should have `internal-sftp` without remove, rename and setstat (see
 * docs/operations.md). Files are read-only from their first byte on, so that what was written cannot be opened for writing again.
 */
export class SftpWriter extends SftpReader implements StoreWriter {
  constructor(location: Location, settings: SftpSettings, credentials: () => StoreCredentials) {
    super(location, settings, credentials, 'write')
  }

  putIfAbsent(key: string, content: () => Readable, order: PutOrder): Promise<'stored' | 'same'> {
    return this.doing(`storing ${key}`, async () => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await this.#put(key, content, order)
        } catch (error) {
          if (isAnswer(error) || order.signal?.aborted || (error as { code?: string }).code === 'ENOSPC' || attempt === attempts)
            throw error
          await pause(attempt * 200) // the connection broke
        }
      }
    })
  }

  async #put(key: string, content: () => Readable, order: PutOrder): Promise<'stored' | 'same'> {
    if ((await this.lengthOf(key)) !== undefined) return this.#keepSame(key, order)
    const fresh = this.incoming()
    try {
      await this.link.writeNew(fresh, demandContent(key, content, order)).catch((error: unknown) => this.#tellFull(error, order))
      if (order.retainUntil) await this.promise(key, order.retainUntil)
      if (await this.#publish(fresh, key)) return 'stored'
    } finally {
      await this.link.tryRemove(fresh).catch(() => {}) // the connection broke; the pruner sweeps it
    }
    return this.#keepSame(key, order)
  }

  async #keepSame(key: string, order: PutOrder): Promise<'same'> {
    const same = await demandSame(this, key, order)
    if (order.retainUntil) await this.promise(key, order.retainUntil)
    return same
  }

  async #publish(fresh: string, key: string): Promise<boolean> {
    const path = this.path('objects', key)
    for (let attempt = 0; ; attempt++) {
      await this.link.makeFolders(posix.dirname(path))
      try {
        if (await this.link.publish(fresh, path)) return true
      } catch (error) {
        // A pruner has just removed the folder because it was empty.
        if (attempt < 3 && isAnswer(error) && !(await this.link.stats(posix.dirname(path)))) continue
        throw error
      }
      if ((await this.link.stats(path))?.isFile()) return false
      throw conflict(this.location, key)
    }
  }

  async #tellFull(error: unknown, { length }: PutOrder): Promise<never> {
    const isFull = isAnswer(error) && !(error instanceof OpsError) && (await this.link.isFull(this.folder('incoming'), length))
    throw isFull ? Object.assign(new Error('there is no room left', { cause: error }), { code: 'ENOSPC' }) : error
  }
}

/** Deletes by moving into the trash. Best run at the location itself, on a directory; over SFTP it needs a key of its own. */
export class SftpPruner extends SftpReader implements StorePruner {
  readonly trashDays: number

  constructor(location: Location, settings: SftpSettings, credentials: () => StoreCredentials, trashDays = defaultTrashDays) {
    super(location, settings, credentials, 'prune')
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
      const from = this.path('objects', key)
      if ((await this.lengthOf(key)) === undefined) return
      const bin = posix.join(this.folder('trash'), trashDay(await this.now()), ulid())
      const to = posix.join(bin, key)
      await this.link.makeFolders(posix.dirname(to))
      await this.link.move(from, to)
      await this.link.tryRemoveFolder(posix.dirname(from))
    })
  }

  purgeTrash(): Promise<number> {
    return this.doing('emptying the trash', async () => {
      const now = await this.now()
      const trash = this.folder('trash')
      let removed = 0
      for (const { name: day } of await this.link.entries(trash)) {
        if (!mayLeaveTrash(day, now, this.trashDays)) continue
        for await (const { path } of walk((folder) => this.link.entries(posix.join(trash, folder)), `${day}/`))
          removed += await this.#purge(path, now)
        await this.#removeEmptyFolders(posix.join(trash, day))
      }
      return removed + (await this.#sweepIncoming(now))
    })
  }

  extendRetention(key: string, until: Date): Promise<void> {
    return this.doing(`retaining ${key}`, async () => {
      if ((await this.lengthOf(key)) === undefined) throw notFound(this.location, key)
      await this.promise(key, until)
    })
  }

  /** `path` is `<date>/<ulid>/<key>`. */
  async #purge(path: string, now: Date): Promise<number> {
    const key = path.split('/').slice(2).join('/')
    const until = await this.retention(key)
    if (until && until > now) return 0
    await this.link.remove(posix.join(this.folder('trash'), path))
    if ((await this.lengthOf(key)) === undefined) await this.#forgetRetention(key)
    return 1
  }

  async #forgetRetention(key: string): Promise<void> {
    const path = this.path('retain', key)
    for (const { name } of await this.link.entries(posix.dirname(path)))
      if (name.startsWith(`${posix.basename(path)}@`)) await this.link.remove(posix.join(posix.dirname(path), name))
    await this.link.tryRemoveFolder(posix.dirname(path))
  }

  async #removeEmptyFolders(path: string): Promise<void> {
    for (const { name, kind } of await this.link.entries(path))
      if (kind === 'folder') await this.#removeEmptyFolders(posix.join(path, name))
    await this.link.tryRemoveFolder(path)
  }

  async #sweepIncoming(now: Date): Promise<number> {
    let removed = 0
    for (const { name } of await this.link.entries(this.folder('incoming'))) {
      const path = posix.join(this.folder('incoming'), name)
      const stats = await this.link.stats(path)
      if (!stats || now.getTime() - stats.mtime * 1000 < abandonedAfterMs) continue
      await this.link.remove(path)
      removed++
    }
    return removed
  }
}
