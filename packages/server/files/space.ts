import { statfs } from 'node:fs/promises'
import type { Connection, Guest } from '@erp4/orm'
import { countDay, countSpace, readSpace, stillThere } from '../sql/files.ts'

/** Bytes; 0: as many as there are. */
export interface SpaceLimits {
  /** That all files of an instance may take together. */
  readonly instance: number
  /** That one person may add in a day, from his first file on. */
  readonly person: number
}

interface Coming {
  readonly bytes: number
  readonly guest: Guest | undefined
}

const sum = (files: Iterable<Coming>): number => [...files].reduce((total, { bytes }) => total + bytes, 0)

export const defaultSpaceLimits: SpaceLimits = { instance: 50 * 2 ** 30, person: 10 * 2 ** 30 }

/** Left free on the disk: the database and its log need it more than anybody's file does. */
const leastFreeBytes = 512 * 2 ** 20

/**
 * What an instance's files take, counted as they come and go: no upload adds up what is there. A look beforehand keeps what has no room from
 * being written; what counts is said right before the commit, when each waits for the one before him, so that a hundred uploads at once fit
 * exactly or not at all. What the system itself keeps is counted and never refused.
 */
export class Space {
  readonly #folder: string
  readonly #limits: SpaceLimits
  /** New files of transactions that are under way, by name. */
  readonly #coming = new WeakMap<Connection, Map<string, Coming>>()

  constructor(folder: string, limits: SpaceLimits) {
    this.#folder = folder
    this.#limits = limits
  }

  /** Throws the guest's refusal where `bytes` more have no room, as far as anybody knows by now. Counts nothing. */
  async demand(cx: Connection, bytes: number, guest: Guest): Promise<void> {
    const [taken] = await cx.query<{ all: number; day: number }>(readSpace(guest.person))
    this.#judge('instance', taken!.all + bytes, guest)
    this.#judge('person', taken!.day + bytes, guest)
    const { bavail, bsize } = await statfs(this.#folder).catch(() => ({ bavail: Number.MAX_SAFE_INTEGER, bsize: 1 }))
    if (bavail * bsize - bytes < leastFreeBytes) throw guest.refuse('disk', 0)
  }

  /** Counts a new file with the transaction of `cx`. Throws the guest's refusal here, or at its end. */
  async take(cx: Connection, { name, size }: { name: string; size: number }, guest?: Guest): Promise<void> {
    const coming = this.#coming.get(cx) ?? new Map<string, Coming>()
    if (coming.size === 0) cx.atEnd?.(() => this.#countAll(cx, coming))
    coming.set(name, { bytes: size, guest })
    this.#coming.set(cx, coming)
    if (guest) await this.demand(cx, sum(coming.values()), guest)
  }

  async free(cx: Connection, bytes: number): Promise<void> {
    if (bytes > 0) await cx.query(countSpace(-bytes, null))
  }

  /** Of the files that are still there: a step that was taken back within the transaction took its own with it. */
  async #countAll(cx: Connection, coming: ReadonlyMap<string, Coming>): Promise<void> {
    const kept = await cx.query<{ hash: string }>(stillThere([...coming.keys()]))
    const files = kept.map(({ hash }) => coming.get(hash)!)
    for (const own of Map.groupBy(files, ({ guest }) => guest?.person).values()) await this.#count(cx, sum(own), own[0]!.guest)
  }

  async #count(cx: Connection, bytes: number, guest: Guest | undefined): Promise<void> {
    const { instance, person } = this.#limits
    // The person first: whoever has no room for himself keeps nobody else waiting.
    if (guest && person > 0 && (await cx.query(countDay(guest.person, bytes, person))).length === 0) throw this.#refusal('person', guest)
    const counted = await cx.query(countSpace(bytes, guest && instance > 0 ? instance : null))
    if (guest && counted.length === 0) throw this.#refusal('instance', guest)
  }

  #judge(what: 'instance' | 'person', bytes: number, guest: Guest): void {
    if (this.#limits[what] > 0 && bytes > this.#limits[what]) throw this.#refusal(what, guest)
  }

  #refusal = (what: 'instance' | 'person', guest: Guest): Error => guest.refuse(what, Math.floor(this.#limits[what] / 2 ** 20))
}
