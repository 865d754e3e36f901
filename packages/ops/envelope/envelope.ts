import { type ChildProcess, fork } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { OpsError } from '../errors.ts'
import { demandKey } from '../sealing.ts'
import type { Asked, Command, Job, OpenedPart, Report, SealedPart } from './job.ts'
import type { PartContext } from './message.ts'

export type { Command, OpenedPart, SealedPart } from './job.ts'
export type { PartContext } from './message.ts'

interface Order {
  /** The process that does it, which its maker closes; one of its own otherwise. */
  process?: PartProcess | undefined
  /** The instance's backup key, 32 bytes: `instanceKeys(…).derive('backup')`. */
  key: Uint8Array
  context: PartContext
  signal?: AbortSignal | undefined
  /** Hears now and then how many bytes of plain content have passed. */
  progress?: ((plainBytes: number) => void) | undefined
}

export interface SealOrder extends Order {
  source: Command | { file: string }
  /** Where the encrypted part shall lie; there must be nothing yet. */
  to: string
  compress: boolean
  /** Of plain content. With it the work has the lowest priority too. */
  bytesPerSecond?: number | undefined
}

export interface OpenOrder extends Order {
  source: { file: string }
  sink: Command | { file: string }
  /** Whether it was sealed with `compress`. */
  compressed: boolean
}

/**
 * Encrypts what a program writes, or a file, into one part of a backup set, in a process of its own. It resolves when the program ended
 * with 0 and the part lies durably at `to`; otherwise there is no file there. OpsError `disk_full`, `program_failed`, `key_wrong`.
 */
export async function sealPart(order: SealOrder): Promise<SealedPart> {
  const { source, key, context, to, compress, bytesPerSecond } = order
  const job: Job = { task: 'seal', source, key: copyOf(key), context, to, compress, bytesPerSecond }
  return (await settle(job, order, to)) as SealedPart
}

/**
 * Decrypts one part into a file or a program, in a process of its own. A file appears when everything was authentic. A program has read
 * the part by then: if this rejects, discard what it made. OpsError `set_damaged`, `key_wrong`, `disk_full`, `program_failed`.
 */
export async function openPart(order: OpenOrder): Promise<OpenedPart> {
  const { source, key, context, sink, compressed } = order
  const job: Job = { task: 'open', source, key: copyOf(key), context, sink, compressed }
  return settle(job, order, 'file' in sink ? sink.file : undefined)
}

function copyOf(key: Uint8Array): Uint8Array {
  demandKey(key)
  return Uint8Array.from(key)
}

async function settle(job: Job, order: Order, target: string | undefined): Promise<SealedPart | OpenedPart> {
  order.signal?.throwIfAborted()
  if (target) {
    if (existsSync(target)) throw new OpsError('refused', `${target} is there already: nothing is written over.`)
    rmSync(`${target}.part`, { force: true }) // of an attempt that was killed
  }
  const doing = order.process ?? new PartProcess()
  try {
    return await doing.ask(job, order)
  } catch (error) {
    if (target) for (const left of [`${target}.part`, target]) rmSync(left, { force: true })
    throw error
  } finally {
    if (doing !== order.process) await doing.close()
  }
}

interface Asking {
  job: Job
  progress: Order['progress']
  resolve: (done: SealedPart | OpenedPart) => void
  reject: (error: Error) => void
}

/**
 * A process that seals and opens parts, several at once: all of one set, so that starting it is paid for once. What fails or is aborted in it
 * ends it, and everything that it was doing.
 */
export class PartProcess {
  readonly #child: ChildProcess
  readonly #asking = new Map<number, Asking>()
  readonly #closed: Promise<void>
  #asked = 0
  #reason: Error | undefined
  #failed: Extract<Report, { failed: unknown }>['failed'] | undefined

  constructor() {
    const { PATH, NODE_COMPILE_CACHE } = process.env
    this.#child = fork(join(import.meta.dirname, 'child.ts'), [], {
      // A group of its own: what it runs ends with it.
      detached: true,
      // Of its memory nearly all is pieces of a stream, which live for a moment: with room for young ones a fifth less time goes to collecting them.
      execArgv: ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=64'],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { PATH, ...(NODE_COMPILE_CACHE ? { NODE_COMPILE_CACHE } : {}) },
    })
    let words = ''
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => (words = (words + text).slice(-600)))
    this.#child.on('message', (report: Report) => this.#hear(report))
    this.#child.on('error', (error) => this.#end(error))
    this.#closed = new Promise((resolve) =>
      this.#child.once('close', (code, signal) => {
        killGroup(this.#child) // a killed child leaves its programs behind
        for (const one of this.#asking.values())
          one.reject(this.#reason ?? this.#failure(one.job, signal ?? `exit code ${code}`, words.trim()))
        this.#asking.clear()
        resolve()
      }),
    )
  }

  async ask(job: Job, { signal, progress }: Pick<Order, 'signal' | 'progress'>): Promise<SealedPart | OpenedPart> {
    if (!this.#child.connected) throw this.#reason ?? this.#failure(job, 'another part', '')
    const id = ++this.#asked
    const abort = () => this.#end(signal!.reason as Error)
    signal?.addEventListener('abort', abort, { once: true })
    return new Promise<SealedPart | OpenedPart>((resolve, reject) => {
      this.#asking.set(id, { job, progress, resolve, reject })
      this.#child.send({ id, job } satisfies Asked, (error) => error && this.#end(error))
    }).finally(() => signal?.removeEventListener('abort', abort))
  }

  /** Resolves when it is gone, and every program that it ran. */
  close(): Promise<void> {
    killGroup(this.#child)
    return this.#closed
  }

  #hear(report: Report): void {
    if ('failed' in report) {
      this.#failed = report.failed
      return
    }
    const one = this.#asking.get(report.id)
    if ('progress' in report) return one?.progress?.(report.progress)
    this.#asking.delete(report.id)
    one?.resolve(report.done)
  }

  #end(reason: Error): void {
    this.#reason ??= reason
    killGroup(this.#child)
  }

  #failure({ task, context }: Job, ending: string, words: string): OpsError {
    if (this.#failed) return new OpsError(this.#failed.code, this.#failed.message)
    const doing = task === 'seal' ? 'sealed' : 'opened'
    return new OpsError('program_failed', `The process that ${doing} ${context.part} ended by ${ending}${words ? `: ${words}` : '.'}`)
  }
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid) process.kill(-pid, 'SIGKILL')
  } catch {
    // ESRCH: all of it has ended
  }
}
