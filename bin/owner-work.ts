import { setTimeout as pause } from 'node:timers/promises'
import { connectAs, forgetOwnerAsk, hearOwnerAsks, listOwnerAsks, type Host, type OwnerAsk } from '@erp4/ops'
import type { CustomWork } from '@erp4/orm'
import { Helper } from './supervisor.ts'
import type { Task } from './tasks.ts'

const lookMs = 5_000
const longestWaitMs = 60_000

export interface OwnerWorkOptions {
  /** Does the work in one instance; tells what it did. */
  settle?: (ask: OwnerAsk) => Promise<CustomWork>
  tell?: (line: string) => void
}

/**
 * What people ask for that only the owner of an instance's tables may do, such as a field of their own: servers say so in the host registry, and
 * this goes there, within a moment, as the owner, in a process that knows the apps. Looks again until no call that asked can still be under way.
 */
export class OwnerWork {
  readonly #host: Host
  readonly #helper: Helper
  readonly #settle: (ask: OwnerAsk) => Promise<CustomWork>
  readonly #tell: (line: string) => void
  readonly #stop = new AbortController()
  /** When an instance in which something failed is looked at again, and how long was waited. */
  readonly #later = new Map<string, { at: number; waitMs: number }>()
  #wake = Promise.withResolvers<void>()
  #lives: Promise<void> = Promise.resolve()
  #deafen: (() => Promise<void>) | undefined

  constructor(host: Host, { settle, tell = () => {} }: OwnerWorkOptions = {}) {
    this.#host = host
    this.#helper = new Helper(host.home, { name: 'task', command: ['tasks'], user: 'erp4' })
    this.#settle = settle ?? ((ask) => this.#byHelper(ask))
    this.#tell = tell
  }

  start(): void {
    this.#lives = this.#live()
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    this.#wake.resolve()
    await this.#lives
    await this.#deafen?.()
    await this.#helper.close()
  }

  /** One look at every instance that asked. */
  async visit(): Promise<void> {
    const asks = await listOwnerAsks(this.#host)
    for (const ask of asks) {
      const { uuid, name } = ask.instance
      if (this.#stop.signal.aborted) return
      const known = this.#later.get(uuid)
      if (known && known.at > Date.now()) continue
      try {
        const { made, dropped, failed } = await this.#settle(ask)
        for (const field of made) this.#tell(`${name}: the field ${field} was made`)
        for (const field of dropped) this.#tell(`${name}: the field ${field} is gone`)
        for (const { says } of failed) this.#tell(`${name}: a field could not be made: ${says}`)
        if (failed.length > 0) this.#putOff(uuid)
        else this.#later.delete(uuid)
        if (ask.isSettled && failed.length === 0) await forgetOwnerAsk(this.#host, ask)
      } catch (error) {
        this.#tell(`${name}: its fields could not be looked at: ${(error as Error).message}`)
        this.#putOff(uuid)
      }
    }
    // A process that nobody needs for now holds memory for nothing.
    if (asks.length === 0) await this.#helper.close()
  }

  /** Whoever waits for a lock holds up everybody behind him: a table that is in use is tried for ever more seldom. */
  #putOff(uuid: string): void {
    const waitMs = Math.min(longestWaitMs, 2 * (this.#later.get(uuid)?.waitMs ?? lookMs))
    this.#later.set(uuid, { at: Date.now() + waitMs, waitMs })
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
    this.#deafen = await hearOwnerAsks(this.#host, () => this.#wake.resolve(), lost).catch(() => undefined)
  }

  async #byHelper({ instance }: OwnerAsk): Promise<CustomWork> {
    const config = await connectAs(this.#host, instance, 'owner')
    return this.#helper.ask({ task: 'custom fields', config, apps: instance.apps } satisfies Task) as Promise<CustomWork>
  }
}
