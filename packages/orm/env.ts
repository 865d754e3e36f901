import type { Group, Me } from './access.ts'
import type { Call } from './call.ts'
import type { Connection } from './databases.ts'
import { AccessError, UserError } from './errors.ts'
import { findTyped, readTyped, searchCount, searchIds } from './operations/read.ts'
import { groupTyped } from './operations/group.ts'
import { checkIds, lockRecords } from './operations/lock.ts'
import { copyRecords } from './operations/copy.ts'
import { createRecords } from './operations/create.ts'
import { unlinkRecords } from './operations/unlink.ts'
import { writeRecords } from './operations/write.ts'
import type { Model, Registry } from './registry.ts'
import { fill } from './texts.ts'
import type { CheckPath, CreateValues, Domain, FieldName, Loaded, ModelName, Value, Wire, WriteValues } from './types.ts'
import type { Models } from './models.ts'

/** Who calls: a row of res.users with what the rules ask of it. */
export interface User extends Me {
  readonly login: string
  readonly name: string
  /** The groups' names, implied ones too. */
  readonly groups: ReadonlySet<string>
  readonly lang: string
  readonly tz: string
}

/** What a caller may say about how to answer; unknown keys pass through to apps. */
export interface Context {
  readonly lang: string
  readonly tz: string
  /** The companies of this call, the current one first; at most the user's own. */
  readonly allowed_company_ids: readonly number[]
  /** False shows archived records too. */
  readonly active_test: boolean
  readonly [key: string]: unknown
}

export interface Order {
  order?: string
  limit?: number
  offset?: number
}

/** Records of one model, seen by one user. Holds ids; `read` brings values. */
export interface Records<N extends ModelName, S extends boolean = boolean> {
  readonly env: Env<S>
  readonly model: N
  readonly ids: readonly number[]
  /** The loaded paths of those records that are there for this user, in the order of `ids`; one statement, however deep. */
  read<const P extends string>(paths: readonly CheckPath<N, P>[]): Promise<Loaded<N, P, S>[]>
  /** The same values for all, or values by id. */
  write(values: WriteValues<N> | ((id: number) => WriteValues<N>)): Promise<void>
  unlink(): Promise<void>
  copy(values?: Partial<CreateValues<N>>): Promise<Records<N, S>>
  /** Locks the rows in id order until the call ends; what is read afterwards is fresh. Refuses when one is not writable by this user. */
  lock(): Promise<void>
  /** A custom field, `x_…`: untyped, so that no app can depend on it. */
  custom(field: `x_${string}`): Promise<Map<number, unknown>>
}

export interface Table<N extends ModelName, S extends boolean = boolean> {
  browse(ids: readonly number[]): Records<N, S>
  search(domain: Domain<N>, options?: Order): Promise<Records<N, S>>
  /** Search and read in one statement. */
  find<const P extends string>(domain: Domain<N>, paths: readonly CheckPath<N, P>[], options?: Order): Promise<Loaded<N, P, S>[]>
  /** How many there are; counts no further than `limit`. */
  count(domain: Domain<N>, options?: { limit?: number }): Promise<number>
  /** Sums by key: one row for each value of `by`; aggregates are `'amount:sum'`, `__count` is always there. */
  group<const B extends FieldName<N>>(
    domain: Domain<N>,
    by: readonly B[],
    aggregates?: readonly `${FieldName<N>}:${Aggregate}`[],
  ): Promise<
    ({ readonly [K in B]: Value<Models[N][K]> } & { readonly __count: number; readonly [aggregate: `${string}:${string}`]: unknown })[]
  >
  create(values: CreateValues<N> | readonly CreateValues<N>[]): Promise<Records<N, S>>
}

export type Aggregate = 'sum' | 'avg' | 'min' | 'max' | 'count' | 'count_distinct' | 'bool_and' | 'bool_or'

/** One user's view of one instance during one call. `S` is true where no rules apply. */
export class Env<S extends boolean = boolean> {
  readonly call: Call
  readonly user: User
  readonly context: Context
  readonly isSystem: S
  /** Set when an `asSystem` block has ended: nothing made inside may be used any more. */
  #ended = false
  #me: Me | undefined

  constructor(call: Call, user: User, context: Context, isSystem: S) {
    this.call = call
    this.user = user
    this.context = context
    this.isSystem = isSystem
  }

  get registry(): Registry {
    return this.call.registry
  }
  get cx(): Connection {
    if (this.#ended) throw new Error('Records made inside asSystem() were used after it ended')
    return this.call.cx
  }

  /** The current company and those of the call, as the rules see the user. */
  get me(): Me {
    return (this.#me ??= this.#seen())
  }

  #seen(): Me {
    const { allowed_company_ids: company_ids } = this.context
    return { ...this.user, company_id: company_ids[0] ?? this.user.company_id, company_ids }
  }

  isIn(group: Group | string): boolean {
    return this.isSystem || this.user.groups.has(typeof group === 'string' ? group : group.name)
  }

  /** The text in the caller's language; English where there is no translation. */
  t(english: string, values: Readonly<Record<string, string | number>> = {}): string {
    return fill(this.registry.i18n.get(this.context.lang)?.get(english) ?? english, values)
  }

  withContext(patch: Partial<Context> & Record<string, unknown>): Env<S> {
    return new Env(this.call, this.user, { ...this.context, ...patch }, this.isSystem)
  }

  /**
   * Runs `work` without access rules, in the same transaction. `reason` is a fixed sentence: it is counted, audited and listed by `erp4 doctor`.
   * Only plain values come back; records made inside die with the block.
   */
  async asSystem<T extends Wire>(reason: string, work: (sys: Env<true>) => Promise<T>): Promise<T> {
    this.call.reasons.set(reason, (this.call.reasons.get(reason) ?? 0) + 1)
    const system = new Env(this.call, this.user, this.context, true)
    try {
      return await work(system)
    } finally {
      system.#ended = true
    }
  }

  model<N extends ModelName>(name: N): Table<N, S> {
    const model = this.modelOf(name)
    const browse = (ids: readonly number[]): Records<N, S> => this.#browse(model, name, ids)
    return {
      browse,
      search: async (domain, options = {}) => browse(await searchIds(this, model, domain, options)),
      find: (domain, paths, options = {}) => findTyped(this, model, domain, paths, options) as Promise<any>,
      count: (domain, options = {}) => searchCount(this, model, domain, options.limit ?? null),
      group: (domain, by, aggregates = []) => groupTyped(this, model, domain, by, aggregates) as Promise<any>,
      create: async (values) =>
        browse(await createRecords(this, model, (Array.isArray(values) ? values : [values]) as Record<string, unknown>[])),
    }
  }

  #browse<N extends ModelName>(model: Model, name: N, ids: readonly number[]): Records<N, S> {
    const unique = ids.length < 2 ? ids : [...new Set(ids)]
    return {
      env: this,
      model: name,
      ids: unique,
      read: (paths) => readTyped(this, model, unique, paths) as Promise<any>,
      write: (values) => writeRecords(this, model, unique, values),
      unlink: () => unlinkRecords(this, model, unique),
      copy: async (values = {}) => this.#browse(model, name, await copyRecords(this, model, unique, values as Record<string, unknown>)),
      lock: () => lockRecords(this, model, unique, 'write'),
      custom: async (field) => new Map((await readTyped(this, model, unique, [field])).map((row) => [row.id, row[field]])),
    }
  }

  /** The model as the registry knows it; for the ORM's own parts and the server. */
  modelOf(name: string): Model {
    const model = this.registry.models.get(name)
    if (!model) throw new UserError(`Object ${name} doesn't exist`)
    return model
  }

  /** Runs an action or hook with its overrides; `action()` and `hook()` values call this. */
  async dispatch(name: string, method: string, records: unknown, args: unknown): Promise<any> {
    const model = this.modelOf(name)
    const body = model.methods.get(method)
    if (!body) throw new AccessError(`${name} has no action '${method}'`)
    const action = model.actions.get(method)
    if (action && action.on === 'records') {
      const { ids } = records as { ids: readonly number[] }
      if (action.needs === 'write' || action.needs === 'unlink') await lockRecords(this, model, ids, action.needs)
      else await checkIds(this, model, ids, action.needs)
    }
    return body(records, args)
  }
}
