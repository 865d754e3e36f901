import { type Connection, type Databases, type Registry, countAsked } from '@erp4/orm'
import { type AuthInstance, impliedGroups } from './auth/index.ts'
import type { FileStore } from './files/index.ts'
import type { Hosting, InstanceKeys, InstanceRecord } from './hosting.ts'
import { hostName } from './http/hosts.ts'
import { OwnRegistries } from './own-registries.ts'

/**
 * An instance as one process serves it: what the host knows of it, and what is shared with every instance of the same apps. It holds no
 * connection and no copy of data, so that one visited once costs next to nothing.
 */
export interface Instance extends AuthInstance {
  readonly name: string
  readonly database: string
  readonly record: InstanceRecord
  /** What its apps declare, with the fields of its people as far as this process has seen them. A call works with `registryAt`. */
  readonly registry: Registry
  readonly keys: InstanceKeys
  readonly files: FileStore
  /** What its apps and its people declare, as of this version of the schema (`meta.schema`) or a newer one; asked for where none is given. */
  registryAt(cx: Connection, schema?: number): Promise<Registry>
  /** Says that the call under way leaves work for the owner of the tables. To be awaited before it commits: said later, it could be lost. */
  askOwner(): Promise<void>
  /** After the commit: resolves when that work is done, could not be done, or takes too long to be waited for. */
  untilOwnerDone(databases: Databases): Promise<void>
}

export interface InstanceSources {
  hosting: Hosting
  /** The assembled registry of an app set; the caller keeps one for each set. */
  registryFor: (apps: readonly string[]) => Registry
  /** Where the instance's files are; made once for each instance served. */
  filesFor: (record: InstanceRecord, keys: InstanceKeys) => FileStore
}

/** The instances this process has served. */
export class Instances {
  readonly #sources: InstanceSources
  readonly #served = new Map<string, Served>()
  readonly #registries = new OwnRegistries()

  constructor(sources: InstanceSources) {
    this.#sources = sources
  }

  /** The instance that owns the host name in a `Host` header, and no other: nothing else in a request has a say in it. */
  at(hostHeader: string): Instance | undefined {
    const name = hostName(hostHeader)
    return name === undefined ? undefined : this.byHost(name)
  }

  /** The same for a name that `requestedHost` gave. */
  byHost(name: string): Instance | undefined {
    const record = this.#sources.hosting.find(name)
    return record && this.of(record)
  }

  /** The instance of a record of the host registry. A record that changed (apps, generation, host names) makes it anew. */
  of(record: InstanceRecord): Instance {
    const known = this.#served.get(record.uuid)
    if (known?.record === record) return known
    const served = new Served(record, this.#sources, this.#registries)
    this.#served.set(record.uuid, served)
    return served
  }
}

/** How long before its end a lease is renewed is the host's affair; it is asked at most this often. */
const renewEveryMs = 50_000
/** A column is made in a second or two, unless somebody holds its table; whoever waits longer looks again by himself. */
const ownerPatienceMs = 20_000

class Served implements Instance {
  readonly record: InstanceRecord
  readonly name: string
  readonly database: string
  readonly keys: InstanceKeys
  readonly files: FileStore
  readonly #base: Registry
  readonly #registries: OwnRegistries
  readonly #hosting: Hosting
  #lease: { at: number; done: Promise<void> } | undefined

  constructor(record: InstanceRecord, { hosting, registryFor, filesFor }: InstanceSources, registries: OwnRegistries) {
    this.#hosting = hosting
    this.record = record
    this.name = record.name
    this.database = record.database
    this.#base = registryFor(record.apps)
    this.#registries = registries
    this.keys = hosting.keys(record.name)
    this.files = filesFor(record, this.keys)
  }

  get registry(): Registry {
    return this.#registries.latest(this.database, this.#base)
  }

  registryAt(cx: Connection, schema?: number): Promise<Registry> {
    return this.#registries.at(cx, this.database, this.#base, schema)
  }

  async askOwner(): Promise<void> {
    await this.#hosting.askOwner?.(this.name)
  }

  async untilOwnerDone(databases: Databases): Promise<void> {
    if (!this.#hosting.askOwner) return
    // Whoever looked before the commit saw nothing.
    await this.askOwner()
    const until = Date.now() + ownerPatienceMs
    while (Date.now() < until && (await databases.use(this.database, countAsked)) > 0)
      await new Promise((resolve) => setTimeout(resolve, 100))
  }

  /** Lost, what was written would wait for the daily sweep to be worked on and sealed (kernel §2.9). */
  markActive(): Promise<void> {
    if (this.#lease && Date.now() - this.#lease.at < renewEveryMs) return this.#lease.done
    const lease = { at: Date.now(), done: this.#hosting.markActive(this.name) }
    this.#lease = lease
    lease.done.catch(() => {
      if (this.#lease === lease) this.#lease = undefined
    })
    return lease.done
  }

  expandGroups(direct: readonly string[]): ReadonlySet<string> {
    return impliedGroups(this.registry, direct)
  }
}
