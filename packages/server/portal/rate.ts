/** Kept keys; beyond it the oldest go first. */
const mostKeys = 20_000

/**
 * So many in so long, for each key: in memory and for this process alone. What it protects is the machine and people's mailboxes; what
 * must not be guessed has 256 bits.
 */
export class Rate {
  readonly #most: number
  readonly #windowMs: number
  readonly #counts = new Map<string, { since: number; count: number }>()

  constructor({ most, minutes }: { most: number; minutes: number }) {
    this.#most = most
    this.#windowMs = minutes * 60_000
  }

  /** Seconds to wait until the key may go on; 0: now. Counts nothing. */
  waitSeconds(key: string, now = Date.now()): number {
    const found = this.#counts.get(key)
    if (!found || found.count < this.#most || now - found.since >= this.#windowMs) return 0
    return Math.ceil((found.since + this.#windowMs - now) / 1000)
  }

  count(key: string, now = Date.now()): void {
    const found = this.#counts.get(key)
    if (found && now - found.since < this.#windowMs) {
      found.count++
      return
    }
    this.#counts.delete(key)
    this.#counts.set(key, { since: now, count: 1 })
    if (this.#counts.size > mostKeys) this.#counts.delete(this.#counts.keys().next().value!)
  }

  /** Counts the key unless it has to wait; then answers for how many seconds. */
  take(key: string, now = Date.now()): number {
    const wait = this.waitSeconds(key, now)
    if (wait === 0) this.count(key, now)
    return wait
  }
}
