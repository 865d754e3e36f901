import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Home } from '@erp4/ops'
import type { ChildMessage } from './child.ts'
import { CommandError, type FailureCode } from './exit-codes.ts'
import { openLog, rotateLog } from './logs.ts'
import { serviceUser, type ServiceUser } from './os-users.ts'
import { ensureServiceCache } from './service-cache.ts'
import { say } from './terminal.ts'

export interface ChildOrder {
  /** Its name in messages and of its log file. */
  name: string
  /** The command of `bin/erp4.ts` that it runs. */
  command: readonly string[]
  /** Whoever started us, unless given. */
  user?: ServiceUser
  /** Asked at each start: what the process is handed over its channel. */
  access: () => unknown
}

const stopPatienceMs = 20_000
const logLookMs = 10_000

/**
 * Keeps processes running: starts them, restarts one that crashed, with a growing pause, and ends them all. They live in sessions of
 * their own, so that Ctrl-C in a terminal is ours alone to answer, and end by themselves when their channel to us breaks.
 */
export class Supervisor {
  readonly #home: Home
  readonly #children: Child[] = []

  readonly #logLook: NodeJS.Timeout

  constructor(home: Home) {
    this.#home = home
    this.#logLook = setInterval(() => this.#children.forEach((child) => child.shortenLog()), logLookMs).unref()
  }

  /** Resolves when the process says that it is ready; rejects with what it said when it ends before. */
  async start(order: ChildOrder): Promise<void> {
    const child = new Child(this.#home, order)
    this.#children.push(child)
    await child.start()
  }

  /** Ends each process gently and starts it again, with the code that is there now. */
  async renew(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.renew()))
  }

  /** Ends the processes, those started last at once with all others; kills who does not listen. */
  async stop(): Promise<void> {
    clearInterval(this.#logLook)
    await Promise.all(this.#children.map((child) => child.stop()))
  }
}

class Child {
  readonly #home: Home
  readonly #order: ChildOrder
  #process: ChildProcess | undefined
  #stopping = false
  #renewing = false

  constructor(home: Home, order: ChildOrder) {
    this.#home = home
    this.#order = order
  }

  async start(): Promise<void> {
    const child = launch(this.#home, this.#order)
    this.#process = child
    const since = Date.now()
    await untilReady(child, this.#order)
    child.once('exit', (code, signal) => void (this.#renewing || this.#restart(signal ?? code, Date.now() - since)))
  }

  shortenLog(): void {
    try {
      rotateLog(logFile(this.#home, this.#order))
    } catch (error) {
      say(`  The log of ${this.#order.name} cannot be shortened: ${(error as Error).message}`)
    }
  }

  async renew(): Promise<void> {
    this.#renewing = true
    await this.#end()
    this.#renewing = false
    if (this.#stopping) return
    await this.start().catch((error: Error) => {
      void this.#restart(error.message, 0)
      throw error
    })
  }

  async stop(): Promise<void> {
    this.#stopping = true
    await this.#end()
  }

  async #end(): Promise<void> {
    const child = this.#process
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    if (child.connected) child.send({ stop: true }, () => {}) // a broken channel stops it as well
    const killer = setTimeout(() => child.kill('SIGKILL'), stopPatienceMs)
    await gone
    clearTimeout(killer)
  }

  async #restart(how: unknown, livedMs: number): Promise<void> {
    let waitMs = livedMs > 60_000 ? 250 : 1_000
    while (!this.#stopping) {
      say(`  ${this.#order.name} ended (${String(how)}); starting it again. Its log: ${logFile(this.#home, this.#order)}`)
      await pause(waitMs)
      if (this.#stopping) return
      const failed = await this.start().catch((error: Error) => error)
      if (!failed) return
      how = failed.message
      waitMs = Math.min(30_000, waitMs * 2)
    }
  }
}

/** Asks one thing of a child process and waits for its answer; `signal` ends it before. */
export async function askChild(home: Home, order: ChildOrder, signal?: AbortSignal): Promise<unknown> {
  const child = launch(home, order)
  signal?.addEventListener('abort', () => end(child), { once: true })
  const ended = endOf(child, order)
  const answer = new Promise((resolve) => child.on('message', (message: ChildMessage) => 'answer' in message && resolve(message.answer)))
  return Promise.race([answer, ended]).finally(() => child.connected && child.disconnect())
}

/**
 * Child processes that are kept for the next question, so that it need not wait for a program to start and read all of its code. Each answers one
 * thing at a time; there are as many as were asked at once. A failure ends the process that it came from, and is told.
 */
export class Helper {
  readonly #home: Home
  readonly #order: Omit<ChildOrder, 'access'>
  readonly #idle: Kept[] = []
  readonly #asked = new Set<Promise<unknown>>()

  constructor(home: Home, order: Omit<ChildOrder, 'access'>) {
    this.#home = home
    this.#order = order
  }

  ask(question: unknown): Promise<unknown> {
    const mine = this.#answer(question)
    this.#asked.add(mine)
    return mine.finally(() => this.#asked.delete(mine))
  }

  /** Ends them once they have answered; whoever asks afterwards starts another one. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#asked)
    for (const { child } of this.#idle.splice(0)) if (child.connected) child.disconnect()
  }

  async #answer(question: unknown): Promise<unknown> {
    const known = this.#take()
    const kept = known ?? this.#launch(question)
    const { child } = kept
    const answer = new Promise((resolve) =>
      child.on('message', function hear(message: ChildMessage) {
        if (!('answer' in message)) return
        child.off('message', hear)
        resolve(message.answer)
      }),
    )
    if (known) child.send({ access: question }, () => {})
    const found = await Promise.race([answer, kept.ended])
    this.#idle.push(kept)
    return found
  }

  #take(): Kept | undefined {
    for (let one = this.#idle.pop(); one; one = this.#idle.pop()) if (one.child.connected) return one
    return undefined
  }

  #launch(question: unknown): Kept {
    const order = { ...this.#order, access: () => question }
    const child = launch(this.#home, order)
    const ended = endOf(child, order)
    ended.catch(() => {}) // its end is news only to whoever asks it
    return { child, ended }
  }
}

interface Kept {
  child: ChildProcess
  /** Rejects when it ends. */
  ended: Promise<never>
}

/** It ends by itself when its channel breaks, and is helped when it does not. */
function end(child: ChildProcess): void {
  if (child.connected) child.disconnect()
  setTimeout(() => child.kill('SIGKILL'), stopPatienceMs / 2).unref()
}

/**
 * A server begins with 16 MB for what lives no longer than a call, where V8 begins with 1 and grows late: an order of five lines takes
 * 15 % less processor time, and the process 30 MB more (docs/performance.md).
 */
const roomForYoungMemory = ['--min-semi-space-size=16', '--max-semi-space-size=32']

function launch(home: Home, { name, command, user, access }: ChildOrder): ChildProcess {
  const osUser = user && serviceUser(user).user
  const cache = join(home.dir, 'cache', osUser ? user : 'self')
  mkdirSync(join(home.dir, 'cache'), { recursive: true, mode: 0o711 })
  ensureServiceCache(cache, osUser)
  rotateLog(logFile(home, { name }))
  const log = openLog(logFile(home, { name }))
  const child = spawn(process.execPath, [...(command[0] === 'serve' ? roomForYoungMemory : []), process.argv[1]!, ...command], {
    stdio: ['ignore', log, log, 'ipc'],
    detached: true,
    cwd: '/',
    // Compiled code that a service may write must not be run by anybody else: each has its own cache.
    env: { ...cleanEnvironment(), NODE_COMPILE_CACHE: cache, UV_THREADPOOL_SIZE: process.env.UV_THREADPOOL_SIZE ?? '8' },
    ...(osUser ? { uid: osUser.uid, gid: osUser.gid } : {}),
  })
  closeSync(log)
  child.on('error', () => {}) // an `exit` or a failed `send` tells it too
  child.send({ access: access() }, () => {})
  return child
}

/** Settings of ours and what programs need; nothing else that lies around in the environment of whoever started us. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => /^(PATH|LANG|LC_\w+|TZ|TMPDIR|ERP4_\w+)$/.test(name))
  return Object.fromEntries(kept)
}

function untilReady(child: ChildProcess, order: ChildOrder): Promise<void> {
  const ready = new Promise<void>((resolve) => child.on('message', (message: ChildMessage) => 'ready' in message && resolve()))
  return Promise.race([ready, endOf(child, order)])
}

/** Rejects when the process ends, with the failure it told or its exit status. */
function endOf(child: ChildProcess, { name }: ChildOrder): Promise<never> {
  return new Promise((_resolve, reject) => {
    child.on('message', (message: ChildMessage) => {
      if ('failed' in message) reject(new CommandError(message.failed.code as FailureCode, message.failed.message))
    })
    child.once('error', (error) => reject(error))
    child.once('exit', (code, signal) => {
      const tell = () => setImmediate(() => reject(new CommandError('internal', `${name} ended (${signal ?? code}).`)))
      // Its last words travel on another channel than the news of its end.
      if (child.connected) child.once('disconnect', tell)
      else tell()
    })
  })
}

const logFile = (home: Home, { name }: { name: string }): string => join(home.log, `${name}.log`)
