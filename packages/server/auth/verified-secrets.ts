import { sourceNetwork } from './cooldown.ts'
import type { AuthInstance } from './types.ts'

/** Whose secret was found right, and under which versions. Any of them moves: it is judged anew. */
export interface Verified {
  readonly id: number
  readonly secVersion: number
  readonly epoch: number
  readonly loginVersion: number
}

interface Kept extends Verified {
  /** The user at one source, in one database. */
  owner: string
  until: number
}

/** Without use; nothing is lost by a long life, as every use asks the database. */
const lifeMs = 15 * 60_000
const most = 10_000

/**
 * Secrets that this process found right lately, by keyed hash: RPC sends the password with every call, and hashing each would set
 * the throughput. Holds no truth: whoever finds an entry asks the database whether its versions still stand.
 *
 * It answers before the cooldown does, so it must not tell a guesser who is in the cooldown when a guess was right. Hence an entry
 * counts for the source that proved the secret alone, and a failure of the same user from there drops it.
 */
export class VerifiedSecrets {
  readonly #kept = new Map<string, Kept>()
  readonly #names = new Map<string, Set<string>>()
  readonly #judging = new Map<string, Promise<unknown>>()

  find(name: string, now = Date.now()): Verified | undefined {
    const kept = this.#kept.get(name)
    if (!kept) return undefined
    this.#drop(name, kept)
    if (kept.until <= now) return undefined
    this.keep(name, kept.owner, kept, now)
    return kept
  }

  keep(name: string, owner: string, { id, secVersion, epoch, loginVersion }: Verified, now = Date.now()): void {
    this.#kept.set(name, { id, secVersion, epoch, loginVersion, owner, until: now + lifeMs })
    this.#names.set(owner, (this.#names.get(owner) ?? new Set()).add(name))
    const [oldest] = this.#kept
    if (this.#kept.size > most && oldest) this.#drop(...oldest)
  }

  forget(name: string): void {
    const kept = this.#kept.get(name)
    if (kept) this.#drop(name, kept)
  }

  forgetOwner(owner: string): void {
    for (const name of this.#names.get(owner) ?? []) this.#kept.delete(name)
    this.#names.delete(owner)
  }

  /** Calls that bring the same secret at the same time share one judgement. */
  share<T>(name: string, judge: () => Promise<T>): Promise<T> {
    const running = this.#judging.get(name) as Promise<T> | undefined
    if (running) return running
    const judging = judge().finally(() => this.#judging.delete(name))
    this.#judging.set(name, judging)
    return judging
  }

  #drop(name: string, { owner }: Kept): void {
    this.#kept.delete(name)
    const names = this.#names.get(owner)
    names?.delete(name)
    if (names?.size === 0) this.#names.delete(owner)
  }
}

/** Those of this process, over all instances. */
export const verifiedSecrets = new VerifiedSecrets()

/** A user at a source, for `forgetOwner`. */
export const ownerAt = (instance: AuthInstance, user: number | null, source: string): string =>
  `${instance.database} ${user} ${sourceNetwork(source)}`
