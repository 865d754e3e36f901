import { Worker } from 'node:worker_threads'
import type { Printed } from '@erp4/orm'
import { Limiter } from '../limiter.ts'
import { readFonts } from './fonts.ts'

type Answer = { readonly pdf: Uint8Array } | { readonly error: string }

interface Printing {
  resolve: (pdf: Buffer) => void
  reject: (error: Error) => void
}

/** Documents that may wait in one process, and of one instance; whoever comes then is told to come again. */
const limits = { running: 1, waiting: 60, waitingPerKey: 15 }
/** How long an idle thread is kept: it holds the fonts, some 10 MB. */
const idleMs = 60_000
/** A document of 2,000 lines takes some seconds; what takes this long never ends. */
const defaultPatienceMs = 60_000

/**
 * Prints documents one after the other, in a thread that is there while there is something to print; instances take turns, so that one with
 * many keeps no other from its one. One that never ends, or takes the thread with it, fails alone: those behind it are printed by the next
 * thread.
 */
export class Printer {
  readonly #patienceMs: number
  #thread: Worker | undefined
  #idle: NodeJS.Timeout | undefined
  #stuck: NodeJS.Timeout | undefined
  #current: Printing | undefined
  readonly #turns = new Limiter(limits)

  constructor({ patienceMs = defaultPatienceMs }: { patienceMs?: number } = {}) {
    this.#patienceMs = patienceMs
  }

  /** Throws a BusyError while too many wait, of this instance or in all. */
  print(instance: string, printed: Printed): Promise<Buffer> {
    return this.#turns.run(instance, () => this.#print(printed))
  }

  #print(printed: Printed): Promise<Buffer> {
    clearTimeout(this.#idle)
    return new Promise((resolve, reject) => {
      const thread = (this.#thread ??= this.#start())
      this.#current = { resolve, reject }
      thread.ref()
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
      thread.postMessage(printed)
      this.#stuck = setTimeout(() => void thread.terminate(), this.#patienceMs).unref()
    })
  }

  /** For all that is known nothing is under way: the process may end, and after a while the thread does. */
  #rest(): void {
    const thread = this.#thread
    if (!thread) return
    thread.unref()
    this.#idle = setTimeout(() => {
      this.#thread = undefined
      void thread.terminate()
    }, idleMs).unref()
  }

  #start(): Worker {
    const thread = new Worker(new URL('./print-worker.ts', import.meta.url), {
      workerData: readFonts(),
      resourceLimits: { maxOldGenerationSizeMb: 512 },
    })
    thread.on('message', (answer: Answer) => {
      if (this.#thread !== thread) return
      this.#end(({ resolve, reject }) => {
        if ('pdf' in answer) resolve(Buffer.from(answer.pdf))
        else reject(new Error(`A document could not be printed: ${answer.error}`))
      })
    })
    thread.on('error', (error) => this.#fail(thread, error as Error))
    thread.on('exit', () => this.#fail(thread, new Error('The thread that prints documents ended.')))
    return thread
  }

  #fail(thread: Worker, error: Error): void {
    if (this.#thread !== thread) return
    this.#thread = undefined
    this.#end((one) => one.reject(error))
  }

  #end(answer: (one: Printing) => void): void {
    clearTimeout(this.#stuck)
    const current = this.#current
    this.#current = undefined
    this.#rest()
    if (current) answer(current)
  }
}

const printer = new Printer()

/**
 * A document of this instance as a PDF. The same document gives the same bytes with the same release and font. Throws a BusyError while too
 * many wait, and an Error that says what to do where the font is missing.
 */
export const printPaper = (instance: string, printed: Printed): Promise<Buffer> => printer.print(instance, printed)
