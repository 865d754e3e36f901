import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { OpsError } from './errors.ts'
import { ensureFolder, writeDurably } from './files.ts'
import { blockedAt, findOsUser, isRoot, postgresUser, type OsUser } from './os-user.ts'

/** What the home knows about itself, in `home.json`. */
export interface HomeFacts {
  format: 1
  /** uuid of this host, from its first start on. */
  host?: string
  /** Major version of the PostgreSQL that made the data. */
  postgres?: number
  /** Which version of `provision.ts` has run on the cluster; 0 = none yet. */
  provisioned: number
  /** The first instances were made: once deleted, they are not made again. */
  seeded?: boolean
  /** The register of locations was made: should it be missing from then on, it is lost. */
  locations?: boolean
  /** Where the socket is while the cluster runs, when the home's own path is too long for one. */
  socketDir?: string
}

/**
 * The folder that holds everything of a host: `data` (PostgreSQL), `socket`, `keys`, `files`, `log`, `run`.
 * As root the parts belong to different OS users: `postgres` the data, `erp4` the files, `erp4seal` the sealer's key.
 */
export class Home {
  readonly dir: string

  constructor(dir: string) {
    this.dir = dir
  }

  get data(): string {
    return join(this.dir, 'data')
  }
  get keys(): string {
    return join(this.dir, 'keys')
  }
  get files(): string {
    return join(this.dir, 'files')
  }
  get log(): string {
    return join(this.dir, 'log')
  }
  get run(): string {
    return join(this.dir, 'run')
  }

  /** The OS user of `serve` and `work`, and that of `seal`; undefined when all run as one user. */
  get serverUser(): OsUser | undefined {
    return isRoot() ? findOsUser('erp4') : undefined
  }
  get sealerUser(): OsUser | undefined {
    return isRoot() ? findOsUser('erp4seal') : undefined
  }

  facts(): HomeFacts {
    try {
      const facts = JSON.parse(readFileSync(join(this.dir, 'home.json'), 'utf8')) as HomeFacts
      if (facts.format === 1) return facts
    } catch (error) {
      if ((error as { code?: string }).code === 'EACCES')
        throw new OpsError('missing_right', `This user may not read the home ${this.dir}.`)
    }
    throw new OpsError(
      'damaged_home',
      `The home ${this.dir} is damaged: ${join(this.dir, 'home.json')} is missing or unreadable; restore it or choose another --home.`,
    )
  }

  /** uuid of this host: what its manifests and records call it. */
  get id(): string {
    const { host } = this.facts()
    if (!host) throw new OpsError('damaged_home', `The home ${this.dir} has no id yet: run "erp4 start" once.`)
    return host
  }

  note(change: Partial<HomeFacts> | { socketDir: undefined }): void {
    const { socketDir, ...rest } = { ...this.facts(), ...change }
    writeDurably(join(this.dir, 'home.json'), `${JSON.stringify(socketDir ? { ...rest, socketDir } : rest)}\n`, { mode: 0o644 })
  }

  /** Makes the folders (again), with their owners: OS users may have come into being since. */
  ensureFolders(): void {
    const shared = isRoot() ? 0o711 : 0o700
    ensureFolder(this.dir, shared)
    ensureFolder(this.keys, shared)
    ensureFolder(this.log, shared)
    ensureFolder(this.run, 0o700)
    ensureFolder(this.files, 0o700, this.serverUser)
    ensureFolder(join(this.log, 'postgres'), 0o700, postgresUser())
  }
}

/** Opens the home in `dir`, or makes one where there is nothing yet. `fresh` says which. */
export function openOrCreateHome(dir: string): { home: Home; fresh: boolean } {
  const path = resolve(dir)
  const known = existsSync(join(path, 'home.json'))
  if (!known && existsSync(path) && !statSync(path).isDirectory()) throw inTheWay(path)
  if (!known && existsSync(path) && readdirSync(path).length > 0) {
    throw new OpsError(
      'damaged_home',
      `The folder ${path} is not empty and no home of ERP4 (home.json is missing): restore it, empty it, or choose another --home.`,
    )
  }
  if (!known) createFolder(path)
  const home = new Home(realpathSync(path))
  demandReach(home)
  if (!known) writeDurably(join(home.dir, 'home.json'), `${JSON.stringify({ format: 1, provisioned: 0 })}\n`, { mode: 0o644 })
  else home.facts()
  home.ensureFolders()
  return { home, fresh: !known }
}

/** Opens an existing home; never makes one. */
export function openHome(dir: string): Home {
  const path = resolve(dir)
  if (!existsSync(join(path, 'home.json')))
    throw new OpsError('not_found', `There is no home of ERP4 in ${path}: run "erp4 start" first, or name it with --home.`)
  const home = new Home(realpathSync(path))
  home.facts()
  return home
}

function createFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: isRoot() ? 0o711 : 0o700 })
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM')
      throw new OpsError('missing_right', `This user may not make the home ${path}.`, { cause: error })
    // What Node says of a read-only file system when it makes several folders at once.
    if (code === 'ENOENT')
      throw new OpsError('missing_right', `The home ${path} cannot be made: nothing can be written there.`, { cause: error })
    if (code === 'ENOTDIR' || code === 'EEXIST') throw inTheWay(path, error)
    throw error
  }
}

const inTheWay = (path: string, cause?: unknown): OpsError =>
  new OpsError('damaged_home', `The home ${path} cannot be a folder: a file is in its way.`, { cause })

function demandReach(home: Home): void {
  const user = postgresUser()
  // The home itself is made 0711 by us; what lies above it is not ours to open.
  const blocked = user && blockedAt(user, join(home.dir, '..'))
  if (blocked) {
    throw new OpsError(
      'home_unreachable',
      `PostgreSQL runs as the OS user ${user.name}, who cannot enter ${blocked}: choose a home it can reach, such as --home /var/lib/erp4.`,
    )
  }
}
