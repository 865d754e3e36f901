import {
  type Context,
  type Databases,
  Env,
  type ModelName,
  type Records,
  type Registry,
  type Table,
  type User,
  asSentence,
  finishCall,
  openCall,
} from '@erp4/orm'
import { type FileStore, type InstanceKeys, accountsFor, asking, lettersOf } from '@erp4/server'

/** Where a world's people find it: what links in its letters begin with. */
export const testOrigin = 'https://world.example'

/** Those that the standard data makes active. */
const languages = ['en_US', 'ko_KR']

/** Where an actor's calls go. */
export interface Stage {
  readonly registry: Registry
  readonly database: string
  readonly databases: Databases
  readonly now: () => Date
  readonly files: FileStore
  readonly keys: InstanceKeys
}

/**
 * Somebody who uses an instance. Whatever is done through `model()` is a call of its own, in a transaction of its own, as it
 * would be over the network: what the next line sees has been committed, checked and recomputed. `call()` makes several steps one call.
 */
export class Actor<S extends boolean = boolean> {
  readonly user: User
  readonly isSystem: S
  readonly #stage: Stage
  readonly #context: Partial<Context>
  #statements = 0

  constructor(stage: Stage, user: User, isSystem: S, context: Partial<Context> = {}) {
    this.#stage = stage
    this.user = user
    this.isSystem = isSystem
    this.#context = context
  }

  /** The SQL statements of the last call, `begin` and `commit` not counted. */
  get statements(): number {
    return this.#statements
  }

  /** The same person, calling with another context: `{ lang: 'ko_KR' }`, `{ active_test: false }`. */
  with(context: Partial<Context> & Record<string, unknown>): Actor<S> {
    return new Actor(this.#stage, this.user, this.isSystem, { ...this.#context, ...context })
  }

  /** Runs `work` as one call. Plain values come out; records of its env die with it. */
  call<T>(work: (env: Env<S>) => Promise<T>): Promise<T> {
    const { databases, database, registry, now, files, keys } = this.#stage
    const outbox = lettersOf(keys)
    return databases.transaction(database, async (cx) => {
      const { lang, tz, company_ids } = this.user
      const context: Context = { lang, tz, allowed_company_ids: company_ids, active_test: true, ...this.#context }
      const env = new Env(
        openCall({
          registry,
          cx,
          blobs: files,
          outbox,
          accounts: accountsFor(outbox),
          jobs: asking,
          origin: testOrigin,
          languages,
          source: 'test',
          isProven: true,
          now,
        }),
        this.user,
        context,
        this.isSystem,
      )
      try {
        const result = await work(env)
        await finishCall(env)
        return result
      } catch (error) {
        throw asSentence(env, error)
      } finally {
        this.#statements = cx.statements
      }
    })
  }

  model<N extends ModelName>(name: N): Table<N, S> {
    const table: Table<N, S> = {
      browse: (ids) => this.#records(name, ids),
      search: async (domain, options) =>
        this.#records(name, await this.call(async (env) => (await env.model(name).search(domain, options)).ids)),
      find: (domain, paths, options) => this.call((env) => env.model(name).find(domain, paths, options)),
      count: (domain, options) => this.call((env) => env.model(name).count(domain, options)),
      group: (domain, by, aggregates) => this.call((env) => env.model(name).group(domain, by, aggregates)),
      create: async (values) => this.#records(name, await this.call(async (env) => (await env.model(name).create(values)).ids)),
    }
    return table
  }

  /** What `action()` and `hook()` values call on the env of the records they are given. */
  dispatch(name: ModelName, method: string, records: { readonly ids: readonly number[] }, args: unknown): Promise<unknown> {
    return this.call((env) => env.dispatch(name, method, env.model(name).browse(records.ids), args))
  }

  #records<N extends ModelName>(name: N, ids: readonly number[]): Records<N, S> {
    const inCall = <T>(work: (records: Records<N, S>) => Promise<T>): Promise<T> => this.call((env) => work(env.model(name).browse(ids)))
    return {
      // Actions and hooks ask an env for `dispatch` alone; code that needs more of it runs inside `call`.
      env: this as unknown as Env<S>,
      model: name,
      ids,
      read: (paths) => inCall((records) => records.read(paths)),
      write: (values) => inCall((records) => records.write(values)),
      unlink: () => inCall((records) => records.unlink()),
      copy: async (values) => this.#records(name, await inCall(async (records) => (await records.copy(values)).ids)),
      lock: () => inCall((records) => records.lock()),
      custom: (field) => inCall((records) => records.custom(field)),
    }
  }
}
