import { createHmac } from 'node:crypto'
import type { Connection } from '@erp4/orm'
import { type Allowance, countIn, secondsLeft } from '../sql/rates.ts'
import type { AuthInstance } from './types.ts'

/**
 * So many in so long, for each key: counted in the instance's database, so that it holds over all processes and through restarts. What it
 * protects is the machine and people's mailboxes; what must not be guessed has 256 bits. Windows that are over are swept with sign-ins.
 */
export class Rate {
  readonly #what: string
  readonly #allowance: Allowance

  /** `what` tells its counts from those of others. Windows of an hour at most. */
  constructor(what: string, allowance: Allowance) {
    this.#what = what
    this.#allowance = allowance
  }

  /** Seconds to wait until the key may go on; 0: now. Counts nothing. */
  async waitSeconds(cx: Connection, instance: AuthInstance, key: string): Promise<number> {
    const [full] = await cx.query<{ seconds: number }>(secondsLeft(this.#bucket(instance, key), this.#allowance))
    return full?.seconds ?? 0
  }

  /** Counts the key unless it has to wait; then answers for how many seconds. */
  async take(cx: Connection, instance: AuthInstance, key: string): Promise<number> {
    const [counted] = await cx.query<{ n: number }>(countIn(this.#bucket(instance, key), this.#allowance))
    return counted ? 0 : (await this.waitSeconds(cx, instance, key)) || 1
  }

  #bucket(instance: AuthInstance, key: string): Buffer {
    return createHmac('sha256', instance.keys.derive('rates'))
      .update(JSON.stringify([this.#what, key]))
      .digest()
  }
}
