import type { Operation } from './access.ts'
import type { Env, Records } from './env.ts'
import type { AnyField, Field, FieldMap, Relation } from './fields.ts'
import type { Models } from './models.ts'
import type { Translate } from './texts.ts'
import type { Moment } from './time.ts'
import type { CheckPath, Command, ComputedName, FieldName, Loaded, ModelName, Value, Wire, WriteValues } from './types.ts'

export interface Compute {
  field: string
  needs: readonly string[]
  value: (record: any, t: Translate) => unknown
}
export interface Constraint {
  needs: readonly string[]
  holds: (record: any) => true | string
}
/** How a live field is searched: the domain that stands for `[field, operator, value]`. */
export type Search = (operator: string, value: any, env: Env) => readonly unknown[]
/** What writing a computed field writes instead. */
export type Inverse = (value: any) => Record<string, unknown>
/** Completes the values given to create; answers as many, in their order. */
export type Prepare = (
  env: Env,
  list: readonly Readonly<Record<string, unknown>>[],
) => Promise<readonly Readonly<Record<string, unknown>>[]>
/** What follows from records being created or written with some fields given. */
export interface FollowUp {
  fields: readonly string[]
  body: (sys: Env<true>, ids: readonly number[], operation: 'create' | 'write', given: ReadonlySet<string>) => Promise<void>
}
export type Body = (records: any, args: any) => Promise<unknown>
export type Override = (next: Body, records: any, args: any) => Promise<unknown>

/** The values a set of argument fields describes. */
export type Args<A extends FieldMap> = { readonly [K in keyof A as Given<A[K]> extends true ? K : never]: Value<A[K]> } & {
  readonly [K in keyof A as Given<A[K]> extends true ? never : K]?: Value<A[K]>
}
type Given<F> = F extends { options: { required: true } } ? true : false

export interface Nothing extends AnyField {
  readonly $nothing: true
}
/** What a declared result is in code: nothing declared, nothing returned. */
export type Returned<R> = R extends Nothing ? void : Value<R>

interface Callable<N extends ModelName, A extends FieldMap, R> {
  (records: Records<N>, ...args: keyof A extends never ? [] : {} extends Args<A> ? [Args<A>?] : [Args<A>]): Promise<R>
  readonly model: N
  readonly method: string
}

/** A method that RPC may call. */
export interface Action<N extends ModelName, A extends FieldMap = {}, R = unknown> extends Callable<N, A, R> {
  readonly exposed: true
  /** Checked, and for `write` and `unlink` locked, before the body runs. */
  readonly needs: Operation
  readonly args: A
  readonly returns: AnyField | null
  /** 'records': called on ids; 'model': called on the model as a whole, with empty records. */
  readonly on: 'records' | 'model'
  readonly readonly: boolean
}

/** A method that only other code may call, and that other apps may override. */
export interface Hook<N extends ModelName, A extends FieldMap = {}, R = unknown> extends Callable<N, A, R> {
  readonly exposed: false
}

export type Unique<F extends FieldMap> =
  | readonly (keyof F & string)[]
  | { readonly fields: readonly (keyof F & string)[]; readonly fold?: true; readonly message?: string }

export interface Spec<F extends FieldMap> {
  label?: string
  order?: string
  /** No two records agree in all of these fields; `fold` ignores case. Kept by the database. */
  unique?: readonly Unique<F>[]
  /** The records of a dialogue: swept after a day. */
  transient?: boolean
  /** False keeps changes of this model out of the audit trail: technical, high-volume tables. */
  audit?: boolean
  /**
   * The record this one hangs on, by the names of the fields that hold its model and id: it is deleted with it.
   * With `rights`, who may not read that record may not read this one, and who may not write that one may not change this one.
   */
  hangsOn?: { model: keyof F & string; id: keyof F & string; rights?: true }
  /** `fields`: administrators may add fields of their own to it, and links to its records elsewhere; `links`: only the links. */
  custom?: 'fields' | 'links'
  fields: F
}

interface ActionOptions<A, R> {
  needs: Operation
  args?: A
  /** The declared type of the answer; nothing declared is answered as `true`. */
  returns?: R
  on?: 'records' | 'model'
  /** Promises to write nothing: runs without a transaction of its own. */
  readonly?: boolean
}

/** Values for some fields of a form; of a list of lines, what to do with it. A line that is not saved yet goes by the id it was loaded with. */
export type Suggested<N extends ModelName> = Partial<{ readonly [K in FieldName<N>]: SuggestedValue<Models[N][K]> }>
type SuggestedValue<F> =
  F extends Relation<infer M, true, any, infer I> ? (string extends I ? Value<F> : readonly Command<M & ModelName, I>[]) : Value<F>

/** Tells the person who fills in a form something, in his language; nothing is refused by it. */
export type Warn = (message: string, title?: string) => void

/** What one app says of one model: a new model, or an extension of another app's. */
export class Definition<N extends ModelName = ModelName, F extends FieldMap = FieldMap> {
  readonly name: N
  readonly extends: boolean
  readonly spec: Spec<F>
  readonly computes: Compute[] = []
  readonly constraints: Constraint[] = []
  readonly searches = new Map<string, Search>()
  readonly inverses = new Map<string, Inverse>()
  readonly onchanges: { field: string; needs: readonly string[]; change: (record: any, env: Env<false>, warn: Warn) => any }[] = []
  readonly prepares: Prepare[] = []
  readonly followUps: FollowUp[] = []
  readonly methods = new Map<string, { body: Body; action?: Action<any, any, any> }>()
  readonly overrides = new Map<string, Override>()

  constructor(name: N, spec: Spec<F>, isExtension: boolean) {
    this.name = name
    this.spec = spec
    this.extends = isExtension
  }

  /**
   * `value` sees the paths in `needs` and nothing else, already loaded for every record of the batch; it must be pure.
   * Stored fields read as the system, live ones as whoever reads: where a required hop is hidden from him, the field is empty.
   * `t` gives words in the language in which the value is wanted: the reader's, or each one in turn of a stored field that is `translate`.
   */
  compute<C extends ComputedName<N>, const P extends string>(
    field: C,
    needs: readonly CheckPath<N, P>[],
    value: (record: Loaded<N, P, true>, t: Translate) => Value<Models[N][C]>,
  ): void {
    this.computes.push({ field, needs, value })
  }

  /** Makes a live field searchable: the domain that `[field, operator, value]` stands for. */
  searchBy<C extends ComputedName<N>>(
    field: C,
    search: (operator: string, value: Value<Models[N][C]>, env: Env) => readonly unknown[],
  ): void {
    this.searches.set(field, search)
  }

  /** Makes a computed field writable: what to write instead. */
  inverse<C extends ComputedName<N>>(field: C, values: (value: Value<Models[N][C]>) => WriteValues<N>): void {
    this.inverses.set(field, values as Inverse)
  }

  /** `holds` answers true, or the message for the person whose change breaks the rule. Checked at the end of the call. */
  constrain<const P extends string>(needs: readonly CheckPath<N, P>[], holds: (record: Loaded<N, P, true>) => true | string): void {
    this.constraints.push({ needs, holds })
  }

  /**
   * What a form fills in when the person changes `field`: a suggestion, not a rule. `needs` is the record as the form shows it; whatever
   * else must be known is asked of `env`, as the person and without writing. `warn` tells him what he should know of his change.
   */
  onchange<C extends FieldName<N>, const P extends string>(
    field: C,
    needs: readonly CheckPath<N, P>[],
    change: (record: Loaded<N, P>, env: Env<false>, warn: Warn) => Suggested<N> | Promise<Suggested<N>>,
  ): void {
    this.onchanges.push({ field, needs, change })
  }

  /** Completes what is given to create, by code, import and RPC alike, before defaults, rights and required fields are looked at. */
  prepare(complete: Prepare): void {
    this.prepares.push(complete)
  }

  /** Runs `body` as the system, in the same call, after a create or write that gave any of `fields` (whether their values differ or not); `given` is all that was given. */
  changed(fields: readonly FieldName<N>[], body: FollowUp['body']): void {
    this.followUps.push({ fields, body })
  }

  action<const A extends FieldMap = {}, const R extends AnyField = Nothing>(
    method: string,
    options: ActionOptions<A, R>,
    body: (records: Records<N>, args: Args<A>) => Promise<Returned<R> & Wire>,
  ): Action<N, A, Returned<R>> {
    const call = (records: Records<N>, args: unknown = {}) => records.env.dispatch(this.name, method, records, args)
    const action = Object.assign(call, {
      model: this.name,
      method,
      exposed: true,
      needs: options.needs,
      args: options.args ?? {},
      returns: options.returns ?? null,
      on: options.on ?? 'records',
      readonly: options.readonly ?? false,
    })
    this.methods.set(method, { body: body as Body, action: action as unknown as Action<any, any> })
    return action as unknown as Action<N, A, Returned<R>>
  }

  hook<const A extends FieldMap = {}, R = void>(
    method: string,
    options: { args?: A },
    body: (records: Records<N>, args: Args<A>) => Promise<R>,
  ): Hook<N, A, R> {
    void options
    const call = (records: Records<N>, args: unknown = {}) => records.env.dispatch(this.name, method, records, args)
    this.methods.set(method, { body: body as Body })
    return Object.assign(call, { model: this.name, method, exposed: false }) as unknown as Hook<N, A, R>
  }

  /** Wraps another app's method; `next` is what it did before. */
  override<A extends FieldMap, R>(
    method: Action<N, A, R> | Hook<N, A, R>,
    body: (next: (records: Records<N>, args: Args<A>) => Promise<R>, records: Records<N>, args: Args<A>) => Promise<R>,
  ): void {
    this.overrides.set(method.method, body as Override)
  }
}

/** The fields that every record has. */
export interface MagicFields {
  display_name: Field<string, { compute: 'stored'; required: true }>
  create_uid: Relation<'res.users', false, { compute: 'stored' }>
  create_date: Field<Moment, { compute: 'stored'; required: true }>
  write_uid: Relation<'res.users', false, { compute: 'stored' }>
  write_date: Field<Moment, { compute: 'stored'; required: true }>
  version: Field<number, { compute: 'stored'; required: true }>
}

/** The fields a definition declares, for `interface SaleOrder extends FieldsOf<typeof sale_order> {}`. */
export type FieldsOf<D> = D extends Definition<any, infer F> ? F : never

/** Of a new model: what it declares and what every record has. */
export type ModelFields<D> = D extends Definition<any, infer F> ? F & Omit<MagicFields, keyof F> : never

export function model<const N extends ModelName, const F extends FieldMap>(name: N, spec: Spec<F>): Definition<N, F> {
  return new Definition(name, spec, false)
}

export function extend<const N extends ModelName, const F extends FieldMap>(
  name: N,
  spec: { fields: F; unique?: readonly Unique<F>[] },
): Definition<N, F> {
  return new Definition(name, spec, true)
}
