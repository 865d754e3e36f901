import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Cluster, Host, HostKeys, openHome, readRegister, sharedHomeVariable } from '@erp4/ops'
import { type Seed, copySeed, restedJournal, seedOf } from './running-seed.ts'

/** An instance of a running ERP4, and its administrator. */
export interface RunningInstance {
  readonly name: string
  /** By number: nothing has to resolve a name. */
  readonly url: string
  readonly db: string
  readonly login: string
  readonly password: string
}

export interface StartOptions {
  /** Server processes that share the port; 1 unless given. */
  readonly processes?: number
  /** Settings beside those of this process: `{ ERP4_SMTP_URL: … }`. */
  readonly env?: Readonly<Record<string, string>>
  /** A first start with keys, host and instances of its own; otherwise the home may be a copy, whose agent has done its day's work. */
  readonly isFirst?: boolean
}

/** Compiled code of ERP4 alone, within a run of tests: what the tests themselves have loaded would be copied for each service, too. */
const runOfTests = process.env[sharedHomeVariable]
const environment = { ...process.env, ...(runOfTests === undefined ? {} : { NODE_COMPILE_CACHE: join(runOfTests, 'compiled') }) }

const program = join(import.meta.dirname, '..', '..', 'bin', 'erp4.ts')
/** A first start makes a cluster, two templates and two instances: 10 s on an idle machine with two cores, minutes on one that ten share. */
const startPatienceMs = 300_000
const stopPatienceMs = 60_000

/**
 * ERP4 as a person runs it: `erp4 start --json` on a home of its own, with supervisor, server, worker, sealer and a PostgreSQL that
 * syncs to the disk. Ends with this process at the latest, however that ends; `remove` ends it sooner.
 */
export class RunningErp4 {
  readonly home: string
  #supervisor: ChildProcess | undefined
  #port = 0
  #said = ''
  readonly #letGo: () => void
  readonly #instances = new Map<string, RunningInstance>()

  private constructor(home: string, letGo: () => void) {
    this.home = home
    this.#letGo = letGo
  }

  /** Makes a home and starts it. Throws what it said when it does not come up. */
  static async start(options: StartOptions = {}): Promise<RunningErp4> {
    const seed = options.isFirst ? undefined : await seedOf((home) => RunningErp4.#makeSeed(home), startPatienceMs + stopPatienceMs)
    const home = mkdtempSync(join(tmpdir(), 'erp4-running-'))
    chmodSync(home, 0o711) // closed by mkdtemp, to the OS users of PostgreSQL and the sealer too
    const erp4 = new RunningErp4(home, guardAgainstOrphans(home))
    try {
      if (seed) await erp4.#beginWith(seed)
      await erp4.startAgain(options)
      if (seed) await erp4.#makeYoung()
      return erp4
    } catch (error) {
      await erp4.remove()
      throw error
    }
  }

  /** Starts a new home and ends it again, which stays; gives its instances. */
  static async #makeSeed(home: string): Promise<readonly RunningInstance[]> {
    const erp4 = new RunningErp4(home, guardAgainstOrphans(home))
    try {
      await erp4.startAgain()
      if ((await erp4.end()) !== 0) throw new Error(`A first start could not be ended: ${erp4.#said}`)
    } catch (error) {
      await erp4.remove()
      throw error
    }
    erp4.#letGo()
    return [...erp4.#instances.values()]
  }

  async #beginWith(seed: Seed): Promise<void> {
    await copySeed(seed, this.home)
    const { locations } = readRegister(openHome(this.home))
    const journal = restedJournal(locations.map(({ name }) => name))
    mkdirSync(join(this.home, 'agent'), { recursive: true, mode: 0o700 })
    writeFileSync(join(this.home, 'agent', 'journal.json'), JSON.stringify(journal), { mode: 0o600 })
    for (const one of seed.instances) this.#instances.set(one.name, one)
  }

  /** As after a first start, the agent leaves the instances alone for a while. */
  async #makeYoung(): Promise<void> {
    const home = openHome(this.home)
    const host = new Host(home, new Cluster(home), HostKeys.open(home))
    try {
      await host.db.query('update instance set created = now()')
    } finally {
      await host.close()
    }
  }

  /** What the supervisor told people so far. */
  get said(): string {
    return this.#said
  }

  /** The supervisor's process id. */
  get pid(): number {
    return this.#supervisor!.pid!
  }

  instance(name: string): RunningInstance {
    const found = this.#instances.get(name)
    if (!found) throw new Error(`There is no instance ${name} in ${this.home}`)
    return found
  }

  /** Starts the same home on the same port, after it was stopped or killed. */
  async startAgain({ processes = 1, env = {} }: StartOptions = {}): Promise<void> {
    const args = ['start', '--json', '--home', this.home, '--port', String(this.#port), '--processes', String(processes)]
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...environment, ...env } })
    this.#supervisor = child
    let [line, said] = ['', '']
    child.stdout.on('data', (piece: Buffer) => (line += piece.toString()))
    child.stderr.on('data', (piece: Buffer) => (this.#said += (said += piece.toString()) && piece.toString()))
    const until = Date.now() + startPatienceMs
    while (!line.includes('\n')) {
      if (hasEnded(child) || Date.now() > until) throw new Error(`ERP4 did not start: ${line}${said}`)
      await pause(20)
    }
    const told = JSON.parse(line) as {
      ready: boolean
      instances?: (Omit<RunningInstance, 'login' | 'password'> & Partial<RunningInstance>)[]
    }
    if (!told.ready) throw new Error(`ERP4 did not start: ${line}${said}`)
    // Passwords are told once; those of an earlier start are still good.
    for (const one of told.instances!) {
      const { login = '', password = '' } = this.#instances.get(one.name) ?? {}
      this.#instances.set(one.name, { login, password, ...one })
      this.#port = Number(new URL(one.url).port)
    }
  }

  /** Ids of the running processes of a service: `serve`, `work`, `seal`. */
  pids(service: 'serve' | 'work' | 'seal'): number[] {
    return processes().flatMap(({ pid, parent, line }) => (parent === this.pid && line.split('\0').includes(service) ? [pid] : []))
  }

  /** PostgreSQL's first process, from which all others of it come; undefined when it is not running. */
  get postmaster(): number | undefined {
    const file = join(this.home, 'data', 'postmaster.pid')
    const pid = existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : 0
    return pid > 0 && processes().some((one) => one.pid === pid) ? pid : undefined
  }

  /** Every process that belongs to this home, by id and command line: those that name it, and their children. */
  processes(): { pid: number; line: string }[] {
    const all = processes()
    const named = new Set(all.filter(({ line }) => line.includes(this.home) && !line.startsWith('sh\0')).map(({ pid }) => pid))
    return all
      .filter(({ pid, parent }) => named.has(pid) || named.has(parent))
      .map(({ pid, line }) => ({ pid, line: line.replaceAll('\0', ' ') }))
  }

  /** Signals the supervisor and waits for its end; answers its exit code, null when it died of the signal. */
  async end(signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL' = 'SIGTERM'): Promise<number | null> {
    const child = this.#supervisor
    if (!child || hasEnded(child)) return child?.exitCode ?? null
    const exited = once(child, 'exit')
    child.kill(signal)
    const killer = setTimeout(() => child.kill('SIGKILL'), stopPatienceMs)
    await exited
    clearTimeout(killer)
    return child.exitCode
  }

  /** Runs a command of the same release on this home; answers how it ended and what it printed. */
  async command(...args: readonly string[]): Promise<{ code: number | null; out: string; err: string }> {
    const child = spawn(process.execPath, [program, ...args, '--home', this.home], { stdio: ['ignore', 'pipe', 'pipe'], env: environment })
    let [out, err] = ['', '']
    child.stdout.on('data', (piece: Buffer) => (out += piece.toString()))
    child.stderr.on('data', (piece: Buffer) => (err += piece.toString()))
    const [code] = (await once(child, 'close')) as [number | null]
    return { code, out, err }
  }

  /** Ends everything and removes the home. */
  async remove(): Promise<void> {
    await this.end()
    const { postmaster } = this
    if (postmaster) process.kill(postmaster, 'SIGQUIT')
    for (let tries = 0; tries < 100 && this.postmaster; tries++) await pause(50)
    rmSync(this.home, { recursive: true, force: true })
    this.#letGo()
  }
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null

/** All processes of this machine that have not ended, with their parents and command lines (words apart by NUL). */
function processes(): { pid: number; parent: number; line: string }[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      const [state = '', parent = ''] = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').at(-1)!.split(' ')
      return state === 'Z' ? [] : [{ pid: Number(name), parent: Number(parent), line: readFileSync(`/proc/${name}/cmdline`, 'utf8') }]
    } catch {
      return [] // it ended between the two looks
    }
  })
}

/**
 * A shell that does nothing until the pipe to us breaks, however we ended; then it ends whoever names the home, PostgreSQL last, and
 * removes it. It lives in a session of its own, so that what ends our group does not end it.
 */
function guardAgainstOrphans(home: string): () => void {
  const script = `
    cat >/dev/null
    supervisor=$(sed -n 's/.*"pid":\\([0-9]*\\).*/\\1/p' "$1/run/supervisor.json" 2>/dev/null)
    if [ -n "$supervisor" ] && tr '\\0' ' ' <"/proc/$supervisor/cmdline" 2>/dev/null | grep -qF -- "$1"; then kill -TERM "$supervisor"; sleep 5; kill -KILL "$supervisor"; fi 2>/dev/null
    [ -f "$1/data/postmaster.pid" ] && kill -QUIT "$(head -n 1 "$1/data/postmaster.pid")"
    sleep 2
    rm -rf "$1"`
  const guard = spawn('sh', ['-c', script, 'sh', home], { detached: true, stdio: ['pipe', 'ignore', 'ignore'], cwd: '/' })
  guard.unref()
  ;(guard.stdin as unknown as { unref(): void }).unref() // a pipe to a child is a socket; it must not keep the tests waiting
  return () => guard.kill('SIGKILL')
}
