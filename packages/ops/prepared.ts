import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ensureFolder } from './files.ts'
import { isRoot, type OsUser } from './os-user.ts'

const run = promisify(execFile)

/** Where those of a home lie, by its folder. */
export const preparedFolder = (home: string): string => join(home, 'prepared')

/**
 * Data folders as `initdb` makes them, in `folder`, for clusters that do not live long: made once, then copied, a tenth of the work. As root
 * they belong to root: who runs a cluster that others' databases were restored into writes nothing that the next one begins with.
 */
export class PreparedData {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Fills `to`, which must not be there yet, with what `make` makes in an empty folder of the user's. `kind` tells what must not be mixed up. */
  async copy(kind: string, to: string, user: OsUser | undefined, make: (empty: string) => Promise<void>): Promise<void> {
    const known = join(this.#folder, `${kind}-${user?.name ?? 'self'}`)
    if (!existsSync(known)) await this.#prepare(known, user, make)
    await run('cp', ['-a', '--reflink=auto', known, to])
    if (user) await own(to, user)
  }

  async #prepare(known: string, user: OsUser | undefined, make: (empty: string) => Promise<void>): Promise<void> {
    mkdirSync(this.#folder, { recursive: true })
    ensureFolder(this.#folder, isRoot() ? 0o711 : 0o700)
    const fresh = `${known}.${randomBytes(4).toString('hex')}`
    ensureFolder(fresh, 0o700, user)
    try {
      await make(fresh)
      if (user) await own(fresh, { uid: 0, gid: 0 })
      renameSync(fresh, known)
    } catch (error) {
      // Somebody else was quicker: his is as good.
      if (!existsSync(known)) throw error
    } finally {
      rmSync(fresh, { recursive: true, force: true })
    }
  }
}

const own = (path: string, { uid, gid }: Pick<OsUser, 'uid' | 'gid'>): Promise<unknown> =>
  run('chown', ['-R', '--no-dereference', `${uid}:${gid}`, path])
