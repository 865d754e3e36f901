import { Worker } from 'node:worker_threads'
import { BusyError, type Printed } from '@erp4/orm'
import { readFonts } from './fonts.ts'

type Answer = { readonly pdf: Uint8Array } | { readonly error: string }

interface Waiting {
  readonly printed: Printed
  resolve: (pdf: Buffer) => void
  reject: (error: Error) => void
}

/** Documents that may wait in one process; whoever comes then is told to come again. */
const mostWaiting = 50
/** How long an idle thread is kept: it holds the fonts, some 10 MB. */
const idleMs = 60_000
/** A document of 2,000 lines takes some seconds; what takes this long never ends. */
const defaultPatienceMs = 60_000

/**
 * Prints documents one after the other, in a thread that is there while there is something to print. One that never ends, or takes the thread
 * with it, fails alone: those behind it are printed by the next thread.
 */
export class Printer {
  readonly #patienceMs: number
  #thread: Worker | undefined
  #idle: NodeJS.Timeout | undefined
  #stuck: NodeJS.Timeout | undefined
  /** The first of them is being printed. */
  readonly #waiting: Waiting[] = []

  constructor({ patienceMs = defaultPatienceMs }: { patienceMs?: number } = {}) {
    this.#patienceMs = patienceMs
  }

  async print(printed: Printed): Promise<Buffer> {
    if (this.#waiting.length >= mostWaiting) throw new BusyError()
    return new Promise((resolve, reject) => {
      this.#waiting.push({ printed, resolve, reject })
      if (this.#waiting.length === 1) this.#next()
    })
  }

  #next(): void {
    clearTimeout(this.#idle)
    clearTimeout(this.#stuck)
    const [first] = this.#waiting
    if (!first) return this.#rest()
    try {
      const thread = (this.#thread ??= this.#start())
      thread.ref()
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
      thread.postMessage(first.printed)
      this.#stuck = setTimeout(() => void thread.terminate(), this.#patienceMs).unref()
    } catch (error) {
      this.#end((one) => one.reject(error as Error))
    }
  }

  /** Nothing is under way: the process may end, and after a while the thread does. */
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

  /** The first one is answered, and the next one begins. */
  #end(answer: (one: Waiting) => void): void {
    const first = this.#waiting.shift()
    if (first) answer(first)
    this.#next()
  }
}

const printer = new Printer()

/**
 * A document as a PDF. The same document gives the same bytes with the same release and font. Throws a BusyError while too many wait, and an
 * Error that says what to do where the font is missing.
 */
export const printPaper = (printed: Printed): Promise<Buffer> => printer.print(printed)
