import { createHash } from 'node:crypto'
import { Transform, type TransformCallback } from 'node:stream'

/** Counts and hashes what passes, and holds it back to `bytesPerSecond` without making up for slow times by bursts. */
export class Meter extends Transform {
  bytes = 0
  readonly #hash = createHash('sha256')
  readonly #bytesPerSecond: number | undefined
  #freeAt = 0

  constructor(options: { bytesPerSecond?: number | undefined } = {}) {
    super({ highWaterMark: 256 * 1024 })
    this.#bytesPerSecond = options.bytesPerSecond
  }

  /** Hex; once everything has passed. */
  digest(): string {
    return this.#hash.digest('hex')
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.bytes += chunk.length
    this.#hash.update(chunk)
    if (!this.#bytesPerSecond) return done(null, chunk)
    const now = performance.now()
    this.#freeAt = Math.max(this.#freeAt, now) + (chunk.length / this.#bytesPerSecond) * 1000
    // Timers are no finer than a millisecond, and each costs a turn: small debts are paid together.
    if (this.#freeAt - now < 10) return done(null, chunk)
    setTimeout(done, this.#freeAt - now, null, chunk)
  }
}
