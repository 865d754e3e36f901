import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import { findPostgres, type PostgresBinaries } from './binaries.ts'
import { OpsError } from './errors.ts'
import { ensureFolder, writeDurably } from './files.ts'
import type { Home } from './home.ts'
import { postgresUser, type OsUser } from './os-user.ts'
import type { PreparedData } from './prepared.ts'
import { newPassword, scramVerifier } from './scram.ts'
import { hbaConf, postgresqlConf } from './settings.ts'

export interface ClusterOptions {
  maxConnections?: number
  throwaway?: boolean
  /** A throwaway for the test of restores: also without what only a cluster needs that lives on. */
  scratch?: boolean
  /** Whom it runs as, instead of PostgreSQL's usual OS user. */
  user?: OsUser | undefined
  /** A program with arguments that starts PostgreSQL, in place of itself: one that takes the network away, say. It runs as we do. */
  launcher?: readonly string[]
  /** Where data folders lie prepared, for a cluster that does not live long. */
  prepared?: PreparedData
}

export type ClusterStatus = { running: true; pid: number } | { running: false }

/** The address of a unix socket holds 107 bytes; we stop at 100. */
const maxSocketPath = 100
const startPatienceMs = 60_000
/** Enough for eight server processes and their worker; one that nobody opens costs PostgreSQL about 20 kB. */
const defaultConnections = 400

/** The private PostgreSQL of a home: a unix socket, SCRAM, an OS user that is not root, nothing else. */
export class Cluster {
  readonly home: Home
  readonly maxConnections: number
  readonly #throwaway: boolean
  readonly #scratch: boolean
  readonly #user: OsUser | undefined
  readonly #launcher: readonly string[]
  readonly #prepared: PreparedData | undefined

  constructor(home: Home, options: ClusterOptions = {}) {
    this.home = home
    this.maxConnections = options.maxConnections ?? defaultConnections
    this.#scratch = options.scratch ?? false
    this.#throwaway = this.#scratch || (options.throwaway ?? false)
    this.#user = options.user ?? postgresUser()
    this.#launcher = options.launcher ?? []
    this.#prepared = options.prepared
  }

  /** Where the socket lies; changes between starts when the home's path is too long for one. */
  get socketDir(): string {
    return this.home.facts().socketDir ?? join(this.home.dir, 'socket')
  }

  /** How to reach `database` as `user`. */
  config(database: string, user: string, password: string): pg.ClientConfig {
    return { host: this.socketDir, port: 5432, database, user, password, connectionTimeoutMillis: 15_000, application_name: 'erp4' }
  }

  status(): ClusterStatus {
    const pid = this.#postmaster()
    return pid === undefined ? { running: false } : { running: true, pid }
  }

  /** Makes the data folder, where there is none. A half-made one of an interrupted start is thrown away. */
  async initialise(superuserPassword: string): Promise<void> {
    if (existsSync(join(this.home.data, 'PG_VERSION'))) return
    if (this.home.facts().provisioned > 0) {
      throw new OpsError(
        'damaged_home',
        `The home ${this.home.dir} is damaged: its data folder is gone or has no PG_VERSION; restore it from a backup.`,
      )
    }
    const binaries = findPostgres()
    const fresh = join(this.home.dir, 'data.new')
    rmSync(fresh, { recursive: true, force: true })
    if (this.#prepared) {
      await this.#prepared.copy(String(binaries.major), fresh, this.#user, (empty) => this.#initdb(binaries, empty, newPassword()))
      await this.#setPassword(binaries, fresh, superuserPassword)
    } else {
      ensureFolder(fresh, 0o700, this.#user)
      await this.#initdb(binaries, fresh, superuserPassword)
    }
    renameSync(fresh, this.home.data)
    this.home.note({ postgres: binaries.major })
  }

  /** Starts PostgreSQL, or finds it running (after `kill -9` of its supervisor, say). Ready for connections when it returns. */
  async start(): Promise<'started' | 'found running'> {
    const { provisioned, postgres } = this.home.facts()
    if (!existsSync(join(this.home.data, 'PG_VERSION'))) {
      throw new OpsError(
        'damaged_home',
        `The home ${this.home.dir} is damaged: its data folder ${provisioned ? 'is gone' : 'was never made'}; restore it from a backup.`,
      )
    }
    if (this.status().running) {
      await this.#untilReady(undefined, '')
      return 'found running'
    }
    this.#clearStalePid()
    const socketDir = this.#prepareSocketDir()
    this.#writeConfiguration(socketDir)
    await this.#launch(findPostgres(postgres))
    return 'started'
  }

  /** `fast` ends sessions and writes a checkpoint; `immediate` is a crash, recovered from at the next start. */
  async stop(mode: 'fast' | 'immediate' = 'fast'): Promise<void> {
    const pid = this.#postmaster()
    if (pid !== undefined) await this.#end(pid, mode)
    const { socketDir } = this.home.facts()
    if (socketDir) {
      rmSync(socketDir, { recursive: true, force: true })
      this.home.note({ socketDir: undefined })
    }
  }

  async #end(pid: number, mode: 'fast' | 'immediate'): Promise<void> {
    signal(pid, mode === 'fast' ? 'SIGINT' : 'SIGQUIT')
    const deadline = Date.now() + 30_000
    while (this.#postmaster() === pid) {
      if (Date.now() > deadline) signal(pid, 'SIGQUIT')
      if (Date.now() > deadline + 10_000) throw new OpsError('cluster_failed', `PostgreSQL (process ${pid}) does not stop.`)
      await pause(15)
    }
  }

  async #initdb({ dir }: PostgresBinaries, data: string, superuserPassword: string): Promise<void> {
    const provider = ['--locale-provider=libc', '--locale=C', '--lc-collate=C', '--lc-ctype=C.UTF-8', '--encoding=UTF8']
    const passwordFile = join(this.home.dir, 'initdb.password')
    writeDurably(passwordFile, `${superuserPassword}\n`, { mode: 0o600, owner: this.#user })
    const access = ['--username=postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`]
    const sync = this.#throwaway ? ['--no-sync'] : []
    const child = spawn(join(dir, 'initdb'), ['--pgdata', data, ...provider, ...access, ...sync], {
      ...this.#spawnOptions(data),
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const letLive = endWithUs(child)
    let said = ''
    child.stderr.on('data', (chunk) => {
      said += chunk
    })
    const code = await new Promise((resolve) => child.once('error', resolve).once('close', resolve))
    letLive()
    rmSync(passwordFile, { force: true })
    if (code !== 0) throw explain('PostgreSQL could not make its data folder', said || String(code))
  }

  /** As initdb does it itself, before anybody can connect. */
  async #setPassword({ dir }: PostgresBinaries, data: string, superuserPassword: string): Promise<void> {
    const child = spawn(join(dir, 'postgres'), ['--single', '-c', 'fsync=off', '-c', 'exit_on_error=on', '-D', data, 'postgres'], {
      ...this.#spawnOptions(data),
      stdio: ['pipe', 'ignore', 'pipe'],
    })
    const letLive = endWithUs(child)
    let said = ''
    child.stderr.on('data', (chunk) => (said += chunk))
    child.stdin.on('error', () => {}) // it has ended, and said why
    child.stdin.end(`alter role postgres password '${scramVerifier(superuserPassword)}'\n`)
    const code = await new Promise((resolve) => child.once('error', resolve).once('close', resolve))
    letLive()
    if (code !== 0) throw explain('PostgreSQL could not set the password of its superuser', said || String(code))
  }

  async #launch({ dir }: PostgresBinaries): Promise<void> {
    const logFile = join(this.home.log, 'postgres-start.log')
    const log = openSync(logFile, 'w', 0o600)
    const files = ['config_file', 'hba_file'].flatMap((name) => [
      '-c',
      `${name}=${join(this.home.dir, name === 'hba_file' ? 'pg_hba.conf' : 'postgresql.conf')}`,
    ])
    const deadline = Date.now() + startPatienceMs
    try {
      for (;;) {
        const [program, ...args] = [...this.#launcher, join(dir, 'postgres'), '-D', this.home.data, ...files]
        const { cwd, env, ...user } = this.#spawnOptions(this.home.data)
        const child = spawn(program!, args, {
          cwd,
          env,
          ...(this.#launcher.length ? {} : user),
          detached: true,
          stdio: ['ignore', log, log],
        })
        child.unref()
        const letLive = endWithUs(child)
        const isReady = await this.#untilReady(child, logFile).finally(letLive)
        if (isReady) return
        // Killed with -9, the old postmaster's backends need a moment to notice and let go of the shared memory.
        if (!readFileSync(logFile, 'utf8').includes('shared memory block') || Date.now() > deadline) break
        await pause(200)
      }
    } finally {
      closeSync(log)
    }
    throw explain('PostgreSQL did not start', this.#lastWords(logFile))
  }

  /** True once the postmaster says so in its pid file; false when `child` ended before. */
  async #untilReady(child: ChildProcess | undefined, logFile: string): Promise<boolean> {
    let ended = false
    child
      ?.once('exit', () => {
        ended = true
      })
      .once('error', () => {
        ended = true
      })
    const deadline = Date.now() + startPatienceMs
    while (!ended && Date.now() < deadline) {
      const lines = this.#pidFile()
      const mine = child === undefined || Number(lines[0]) === child.pid
      if (mine && lines[7]?.trim() === 'ready') return true
      await pause(10)
    }
    if (!ended)
      throw new OpsError('cluster_failed', `PostgreSQL was not ready after ${startPatienceMs / 1000} s (${logFile || this.home.log}).`)
    return false
  }

  /** With the log collector on, the reason of a failed start may stand in its file instead. */
  #lastWords(logFile: string): string {
    const said = readFileSync(logFile, 'utf8')
    const errors = said.split('\n').filter((line) => /FATAL|PANIC|ERROR|LOG: {2}could not/.test(line))
    return (errors.at(-1) ?? said).slice(-400)
  }

  #spawnOptions(cwd: string) {
    const env = { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }
    return this.#user ? { cwd, env, uid: this.#user.uid, gid: this.#user.gid } : { cwd, env }
  }

  #writeConfiguration(socketDir: string): void {
    const settings = {
      socketDir,
      logDir: join(this.home.log, 'postgres'),
      maxConnections: this.maxConnections,
      throwaway: this.#throwaway,
      scratch: this.#scratch,
    }
    const write = this.#throwaway
      ? (path: string, text: string) => writeFileSync(path, text)
      : (path: string, text: string) => writeDurably(path, text, { mode: 0o644 })
    write(join(this.home.dir, 'postgresql.conf'), postgresqlConf(settings))
    write(join(this.home.dir, 'pg_hba.conf'), hbaConf)
  }

  #prepareSocketDir(): string {
    const server = this.home.serverUser
    const [mode, gid] = server ? [0o710, server.gid] : [0o700, undefined]
    const own = join(this.home.dir, 'socket')
    if (fits(own)) {
      ensureFolder(own, mode, this.#user, gid)
      if (this.home.facts().socketDir) this.home.note({ socketDir: undefined })
      return own
    }
    const recorded = this.home.facts().socketDir
    if (recorded && this.#isOurs(recorded)) return recorded
    const base = [tmpdir(), '/tmp'].find((place) => fits(join(place, 'erp4-XXXXXX')))
    if (!base)
      throw new OpsError('cluster_failed', `Neither ${own} nor ${tmpdir()} is short enough for a unix socket: choose a shorter --home.`)
    const short = mkdtempSync(join(base, 'erp4-'))
    ensureFolder(short, mode, this.#user, gid)
    this.home.note({ socketDir: short })
    return short
  }

  /** A folder in a place where everybody may write is only taken again when nobody else can have made it. */
  #isOurs(folder: string): boolean {
    const stat = lstatSync(folder, { throwIfNoEntry: false })
    return stat !== undefined && stat.isDirectory() && stat.uid === (this.#user?.uid ?? process.getuid!()) && (stat.mode & 0o067) === 0
  }

  #pidFile(): string[] {
    try {
      return readFileSync(join(this.home.data, 'postmaster.pid'), 'utf8').split('\n')
    } catch {
      return [] // gone between two looks, or never there
    }
  }

  /** The pid of our postmaster, if it lives. After a reboot the number may belong to anybody. */
  #postmaster(): number | undefined {
    const pid = Math.abs(Number(this.#pidFile()[0]))
    return pid && isAlive(pid) && commandLine(pid).includes(this.home.data) ? pid : undefined
  }

  /** PostgreSQL does this itself, except where another cluster of the same OS user now has the number. */
  #clearStalePid(): void {
    const path = join(this.home.data, 'postmaster.pid')
    if (existsSync(path)) unlinkSync(path)
  }
}

/** Until it is let live, a process does not outlast an `exit` of ours: nobody would know of it. */
function endWithUs(child: ChildProcess): () => void {
  const end = () => child.kill('SIGINT')
  process.once('exit', end)
  return () => process.off('exit', end)
}

const fits = (folder: string): boolean => Buffer.byteLength(join(folder, '.s.PGSQL.5432.lock')) <= maxSocketPath

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as { code?: string }).code !== 'ESRCH') throw error
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as { code?: string }).code === 'EPERM'
  }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout ?? ''
  }
}

function explain(what: string, said: string): OpsError {
  const words = said.trim().replaceAll(/\s+/g, ' ')
  if (/no space left|disk quota/i.test(words)) return new OpsError('disk_full', `${what}: the disk is full.`)
  if (/permission denied/i.test(words)) return new OpsError('missing_right', `${what}: ${words}`)
  if (
    /invalid data|corrupt|could not locate a valid checkpoint|is not a database cluster directory|pg_control|has wrong ownership|could not (open|read) file "(global|pg_|base)/i.test(
      words,
    )
  ) {
    return new OpsError('damaged_home', `${what}, its data are damaged: ${words}`)
  }
  return new OpsError('cluster_failed', `${what}: ${words}`)
}
