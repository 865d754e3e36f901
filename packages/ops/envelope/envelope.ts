import { type ChildProcess, fork } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { OpsError } from '../errors.ts'
import { demandKey } from '../sealing.ts'
import type { Command, Job, OpenedPart, Report, SealedPart } from './job.ts'
import type { PartContext } from './message.ts'

export type { Command, OpenedPart, SealedPart } from './job.ts'
export type { PartContext } from './message.ts'

interface Order {
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
  try {
    return await ask(job, order)
  } catch (error) {
    if (target) for (const left of [`${target}.part`, target]) rmSync(left, { force: true })
    throw error
  }
}

function ask(job: Job, { signal, progress }: Order): Promise<SealedPart | OpenedPart> {
  const child = fork(join(import.meta.dirname, 'child.ts'), [], {
    // A group of its own: what it runs ends with it.
    detached: true,
    execArgv: ['--disable-warning=ExperimentalWarning'],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { PATH: process.env.PATH },
  })
  const end = () => killGroup(child)
  signal?.addEventListener('abort', end, { once: true })
  return new Promise<SealedPart | OpenedPart>((resolve, reject) => {
    let last: Report | undefined
    let words = ''
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (words = (words + text).slice(-600)))
    child.on('message', (report: Report) => {
      if ('progress' in report) progress?.(report.progress)
      else last = report
    })
    child.once('error', reject)
    child.once('close', (code, ending) => {
      killGroup(child) // a killed child leaves its program behind
      if (signal?.aborted) reject(signal.reason as Error)
      else if (last && 'done' in last) resolve(last.done)
      else reject(failure(job, last, ending ?? `exit code ${code}`, words))
    })
    child.send(job, (error) => error && end())
  }).finally(() => signal?.removeEventListener('abort', end))
}

function failure(job: Job, last: Report | undefined, ending: string, words: string): OpsError {
  if (last && 'failed' in last) return new OpsError(last.failed.code, last.failed.message)
  const doing = job.task === 'seal' ? 'sealed' : 'opened'
  return new OpsError(
    'program_failed',
    `The process that ${doing} ${job.context.part} ended by ${ending}${words ? `: ${words.trim()}` : '.'}`,
  )
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid) process.kill(-pid, 'SIGKILL')
  } catch {
    // ESRCH: all of it has ended
  }
}
