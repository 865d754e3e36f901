import { setTimeout as pause } from 'node:timers/promises'
import { forgetOwnerAsk, hearOwnerAsks, listOwnerAsks, type Host, type OwnerAsk } from '@erp4/ops'

const lookMs = 5_000
const longestWaitMs = 60_000
const stopPatienceMs = 1_000

/** What was done in an instance, as `model.name` of fields. */
export interface OwnerWorkDone {
  readonly made: readonly string[]
  readonly dropped: readonly string[]
  readonly failed: readonly { readonly says: string }[]
}

export interface OwnerWorkOrder {
  host: Host
  /** Does what waits in one instance, in a process that knows its apps. */
  settle: (ask: OwnerAsk) => Promise<OwnerWorkDone>
  /** Nothing waits anywhere. */
  rest?: () => Promise<void>
  tell?: (line: string) => void
}

/**
 * What people ask for that only the owner of an instance's tables may do, such as a field of their own: servers say so in the host registry, and
 * this has somebody who is the owner go there, within a moment. Looks again until no call that asked can still be under way.
 */
export class OwnerWork {
  readonly #order: OwnerWorkOrder
  readonly #stop = new AbortController()
  /** When an instance in which something failed is looked at again, how long was waited, and for which ask. */
  readonly #later = new Map<string, { at: number; waitMs: number; asked: number }>()
  #wake = Promise.withResolvers<void>()
  #lives: Promise<void> = Promise.resolve()
  #deafen: (() => Promise<void>) | undefined

  constructor(order: OwnerWorkOrder) {
    this.#order = order
  }

  start(): void {
    this.#lives = this.#live()
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    this.#wake.resolve()
    // What is under way is one transaction in a process that ends with ours: done, or not begun, when it is looked at again.
    await Promise.race([this.#lives.then(() => this.#order.rest?.()), pause(stopPatienceMs)])
    await this.#deafen?.()
  }

  /** One look at every instance that asked. */
  async visit(): Promise<void> {
    const { host, settle, rest } = this.#order
    const asks = await listOwnerAsks(host)
    for (const ask of asks) {
      const { uuid, name } = ask.instance
      if (this.#stop.signal.aborted) return
      const known = this.#later.get(uuid)
      // Whoever asks anew is not made to wait.
      if (known && known.at > Date.now() && known.asked === ask.asked.getTime()) continue
      try {
        const { made, dropped, failed } = await settle(ask)
        for (const field of made) this.#tell(`${name}: the field ${field} was made`)
        for (const field of dropped) this.#tell(`${name}: the field ${field} is gone`)
        for (const { says } of failed) this.#tell(`${name}: a field could not be made: ${says}`)
        if (failed.length > 0) this.#putOff(ask)
        else this.#later.delete(uuid)
        if (ask.isSettled && failed.length === 0) await forgetOwnerAsk(host, ask)
      } catch (error) {
        this.#tell(`${name}: its fields could not be looked at: ${(error as Error).message}`)
        this.#putOff(ask)
      }
    }
    if (asks.length === 0) await rest?.()
  }

  /** Whoever waits for a lock holds up everybody behind him: a table that is in use is tried for ever more seldom. */
  #putOff({ instance: { uuid }, asked }: OwnerAsk): void {
    const waitMs = Math.min(longestWaitMs, 2 * (this.#later.get(uuid)?.waitMs ?? lookMs))
    this.#later.set(uuid, { at: Date.now() + waitMs, waitMs, asked: asked.getTime() })
  }

  async #live(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.#wake = Promise.withResolvers()
      await this.#listen()
      await this.visit().catch((error: Error) => this.#tell(error.message))
      await Promise.race([this.#wake.promise, pause(lookMs, undefined, { signal: this.#stop.signal, ref: false }).catch(() => {})])
    }
  }

  async #listen(): Promise<void> {
    if (this.#deafen) return
    const lost = (): void => (this.#deafen = undefined)
    this.#deafen = await hearOwnerAsks(this.#order.host, () => this.#wake.resolve(), lost).catch(() => undefined)
  }

  #tell(line: string): void {
    this.#order.tell?.(line)
  }
}
