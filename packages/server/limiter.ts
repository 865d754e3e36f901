import { BusyError } from '@erp4/orm'

interface Limits {
  /** How many run at once. */
  running: number
  /** How many may wait, over all keys. */
  waiting: number
  /** How many of one key may wait: one flooded instance leaves places for the others. */
  waitingPerKey: number
}

/** Lets few run at once and few wait; keys take turns, whoever finds no place is told at once. */
export class Limiter {
  readonly #limits: Limits
  readonly #queues = new Map<string, (() => void)[]>()
  #running = 0
  #waiting = 0

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** Runs `work` when its turn comes. Throws a BusyError (503 on the wire) when the queue is full. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#limits.running) this.#running++
    else await this.#turn(key)
    try {
      return await work()
    } finally {
      this.#next()
    }
  }

  #turn(key: string): Promise<void> {
    const queue = this.#queues.get(key) ?? []
    if (this.#waiting >= this.#limits.waiting || queue.length >= this.#limits.waitingPerKey) throw new BusyError()
    this.#waiting++
    this.#queues.set(key, queue)
    return new Promise((resolve) => void queue.push(resolve))
  }

  /** Hands the place of whoever ended to the next key in turn; the count of running ones stays. */
  #next(): void {
    const [first] = this.#queues
    if (!first) {
      this.#running--
      return
    }
    const [key, queue] = first
    const start = queue.shift()!
    this.#waiting--
    this.#queues.delete(key)
    if (queue.length > 0) this.#queues.set(key, queue)
    start()
  }
}
