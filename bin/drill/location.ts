import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { CommandError } from '../exit-codes.ts'

const startPatienceMs = 300_000

/** A running `erp4` of ours with one command. */
export interface Program {
  child: ChildProcess
  /** What it printed, and what it told people, so far. */
  out(): string
  said(): string
  /** Its exit code; null when it died of a signal. */
  ended: Promise<number | null>
}

export function run(...args: readonly string[]): Program {
  const child = spawn(process.execPath, [process.argv[1]!, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, said] = ['', '']
  child.stdout.on('data', (piece: Buffer) => (out += piece.toString()))
  child.stderr.on('data', (piece: Buffer) => (said += piece.toString()))
  return { child, out: () => out, said: () => said, ended: once(child, 'close').then(([code]) => code as number | null) }
}

/** Serves a home on a port of this machine; resolves when it is ready. */
export async function serve(home: string, port: number): Promise<Program> {
  const program = run('start', '--json', '--home', home, '--port', String(port), '--listen', '127.0.0.1')
  const until = Date.now() + startPatienceMs
  while (!program.out().includes('\n')) {
    if (program.child.exitCode !== null || Date.now() > until)
      throw new CommandError('internal', `ERP4 did not start in ${home}: ${program.said()}`)
    await pause(50)
  }
  const { ready } = JSON.parse(program.out().split('\n')[0]!) as { ready: boolean }
  if (!ready) throw new CommandError('internal', `ERP4 did not start in ${home}: ${program.out()}`)
  return program
}

/** A port of this machine that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as { port: number }
  await once(server.close(), 'close')
  return port
}

/**
 * The end of a location as by fire: every process of it is killed at once, without a last word, then its home is gone: cluster, files, keys,
 * registry, journal, spool, the store that was there. Gives how many processes there were.
 */
export async function destroy(home: string, supervisor: number): Promise<number> {
  const count = await killAll(home, supervisor)
  rmSync(home, { recursive: true, force: true, maxRetries: 5 })
  return count
}

/** Kills every process of a home, without a last word. Gives how many there were. */
export async function killAll(home: string, supervisor?: number): Promise<number> {
  const shared = sharedMemoryOf(home)
  const doomed = processesOf(home, supervisor)
  for (const pid of doomed) kill(pid)
  const until = Date.now() + 20_000
  // Whoever was being born in that moment goes as well.
  for (let left = processesOf(home, supervisor); left.length && Date.now() < until; left = processesOf(home, supervisor)) {
    for (const pid of left) kill(pid)
    await pause(20)
  }
  // PostgreSQL's own few bytes, which the kernel would keep for ever.
  if (shared) spawnSync('ipcrm', ['-m', shared], { stdio: 'ignore' })
  return doomed.length
}

/** Ends a location gently. */
export async function end(program: Program): Promise<void> {
  if (program.child.exitCode === null && program.child.signalCode === null) program.child.kill('SIGTERM')
  await program.ended
}

/** The supervisor and PostgreSQL with all that came from them, and whoever else names the home; nobody that we come from. */
function processesOf(home: string, supervisor?: number): number[] {
  const all = processes()
  const ours = new Set([process.pid, process.ppid])
  const found = new Set(
    all.filter(({ pid, line }) => pid === supervisor || pid === postmasterOf(home) || line.includes(home)).map(({ pid }) => pid),
  )
  for (let grown = -1; grown !== found.size;) {
    grown = found.size
    for (const { pid, parent } of all) if (found.has(parent)) found.add(pid)
  }
  return [...found].filter((pid) => !ours.has(pid))
}

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

const postmasterFile = (home: string): string[] => {
  const file = join(home, 'data', 'postmaster.pid')
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
}
const postmasterOf = (home: string): number => Number(postmasterFile(home)[0] ?? 0)
const sharedMemoryOf = (home: string): string | undefined => postmasterFile(home)[6]?.trim().split(/\s+/)[1]

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it has ended
  }
}
