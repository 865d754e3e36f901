import type { Document, Stretch } from './document.ts'

export interface Moment {
  readonly document: Document
  readonly stretch: Stretch | null
}

const most = 200
/** Words typed without a rest of this length are taken back together. */
const restMs = 700

/** What a text was before, step by step: the browser keeps its own only of what it wrote itself. */
export class History {
  #before: Moment[] = []
  #after: Moment[] = []
  #typedAt = 0

  /** Keeps how it was before a change; typing goes into one step. */
  keep(was: Moment, isTyped: boolean, now = Date.now()): void {
    const isSameStep = isTyped && now - this.#typedAt < restMs
    this.#typedAt = isTyped ? now : 0
    this.#after = []
    if (isSameStep) return
    this.#before.push(was)
    if (this.#before.length > most) this.#before.shift()
  }

  /** A step back or forth from how it is; null where there is none. */
  go(is: Moment, isForward: boolean): Moment | null {
    const [from, to] = isForward ? [this.#after, this.#before] : [this.#before, this.#after]
    const found = from.pop()
    if (!found) return null
    to.push(is)
    this.#typedAt = 0
    return found
  }

  forget(): void {
    this.#before = []
    this.#after = []
  }
}
