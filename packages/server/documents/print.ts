import { Worker } from 'node:worker_threads'
import { BusyError, type Printed } from '@erp4/orm'
import { readFonts } from './fonts.ts'

type Answer = { readonly id: number } & ({ readonly pdf: Uint8Array } | { readonly error: string })

interface Waiting {
  resolve: (pdf: Buffer) => void
  reject: (error: Error) => void
}

/** Documents that may wait in one process; whoever comes then is told to come again. */
const mostWaiting = 50
/** How long an idle thread is kept: it holds the fonts, some 10 MB. */
const idleMs = 60_000
/** A document of 2,000 lines takes some seconds; what takes this long never ends. */
const patienceMs = 60_000

/** Prints documents one after the other, in a thread that is there while there is something to print. */
class Printer {
  #thread: Worker | undefined
  #idle: NodeJS.Timeout | undefined
  #stuck: NodeJS.Timeout | undefined
  #count = 0
  readonly #waiting = new Map<number, Waiting>()

  async print(printed: Printed): Promise<Buffer> {
    if (this.#waiting.size >= mostWaiting) throw new BusyError()
    const thread = (this.#thread ??= this.#start())
    clearTimeout(this.#idle)
    const id = ++this.#count
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      thread.ref()
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
      thread.postMessage({ id, printed })
      this.#watch()
    })
  }

  #start(): Worker {
    const thread = new Worker(new URL('./print-worker.ts', import.meta.url), {
      workerData: readFonts(),
      resourceLimits: { maxOldGenerationSizeMb: 512 },
    })
    thread.on('message', (answer: Answer) => this.#take(answer))
    thread.on('error', (error) => this.#fail(thread, error as Error))
    thread.on('exit', () => this.#fail(thread, new Error('The thread that prints documents ended.')))
    return thread
  }

  #take(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if ('pdf' in answer) waiting?.resolve(Buffer.from(answer.pdf))
    else waiting?.reject(new Error(`A document could not be printed: ${answer.error}`))
    this.#watch()
  }

  /** Ends a thread that is stuck, and one that nobody needs. */
  #watch(): void {
    clearTimeout(this.#stuck)
    const thread = this.#thread
    if (!thread) return
    if (this.#waiting.size > 0) {
      this.#stuck = setTimeout(() => void thread.terminate(), patienceMs).unref()
      return
    }
    // Nothing is under way: the process may end.
    thread.unref()
    this.#idle = setTimeout(() => {
      if (this.#waiting.size === 0) void thread.terminate()
    }, idleMs).unref()
  }

  #fail(thread: Worker, error: Error): void {
    if (this.#thread !== thread) return
    this.#thread = undefined
    clearTimeout(this.#idle)
    clearTimeout(this.#stuck)
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { reject } of waiting) reject(error)
  }
}

const printer = new Printer()

/**
 * A document as a PDF. The same document gives the same bytes with the same release and font. Throws a BusyError while too many wait, and an
 * Error that says what to do where the font is missing.
 */
export const printPaper = (printed: Printed): Promise<Buffer> => printer.print(printed)
