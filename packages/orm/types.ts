import type { Decimal } from './decimal.ts'
import type { AnyField, BlobName, Field, Json, Reference, Relation } from './fields.ts'
import type { Models } from './models.ts'
import type { Day, Moment } from './time.ts'

export type ModelName = keyof Models & string
export type FieldName<N extends ModelName> = keyof Models[N] & string
type FieldOf<N extends ModelName, F> = F extends keyof Models[N] ? Models[N][F] : never

type Comodel<F> = F extends Relation<infer M, boolean, any> ? M & ModelName : never
type IsRequired<F> = F extends { options: { required: true } }
  ? true
  : F extends { kind: 'boolean' }
    ? true
    : F extends Field<boolean, any>
      ? true
      : false
type IsComputed<F> = F extends { options: { compute: string } } ? true : false
type IsWritable<F> = F extends { options: { compute: string } } ? false : true
type Bare<F> =
  F extends Relation<any, infer Many, any> ? (Many extends true ? readonly number[] : number) : F extends Field<infer T, any> ? T : never

/** What reading one field gives: `null` where the field may be empty. A boolean is never empty. */
export type Value<F> = F extends Relation<any, true, any> ? readonly number[] : IsRequired<F> extends true ? Bare<F> : Bare<F> | null

// ---- Paths: 'partner_id.country_id.code' ----------------------------------------------------------

/** `P` where it is a path from model `N`; else the names that would have been right. */
export type CheckPath<N extends ModelName, P extends string> = P extends FieldName<N> | 'id'
  ? P
  : P extends `${infer Head}.${infer Rest}`
    ? Comodel<FieldOf<N, Head>> extends never
      ? keyof Models[N] & string
      : CheckPath<Comodel<FieldOf<N, Head>>, Rest> extends Rest
        ? P
        : `${Head}.${FieldName<Comodel<FieldOf<N, Head>>>}`
    : keyof Models[N] & string

type HeadOf<P extends string> = P extends `${infer H}.${string}` ? H : P
type RestOf<P extends string, H extends string> = P extends `${H}.${infer R}` ? R : never

/**
 * A record with the paths `P` loaded, and nothing else: an unloaded field does not exist.
 * Through a required relation the record is there for the system (`S`); a user may be forbidden to see it, so for him it may be null.
 */
export type Loaded<N extends ModelName, P extends string, S extends boolean = false> = { readonly id: number } & {
  readonly [H in HeadOf<P> & FieldName<N>]: LoadedField<FieldOf<N, H>, RestOf<P, H>, S>
}
type LoadedField<F, Rest extends string, S extends boolean> = [Rest] extends [never]
  ? Value<F>
  : F extends Relation<any, true, any>
    ? readonly Loaded<Comodel<F>, Rest, S>[]
    : [IsRequired<F>, S] extends [true, true]
      ? Loaded<Comodel<F>, Rest, S>
      : Loaded<Comodel<F>, Rest, S> | null

// ---- Domains: [['state', '=', 'draft'], ['partner_id.name', 'ilike', 'azure']] ---------------------

// A condition's paths are grouped by the type of their value. One tuple type for each path would say the same,
// but a model of 45 fields then has thousands, and type-checking 60 such models took minutes instead of seconds.
type KindOf<F> = F extends Relation<any, any, any> ? 'relation' : F extends AnyField ? KindOfValue<Bare<F>> : never
type KindOfValue<T> = string extends T
  ? Json extends T
    ? 'json'
    : 'string'
  : Day extends T
    ? 'day'
    : Moment extends T
      ? 'moment'
      : BlobName extends T
        ? 'blob'
        : Reference extends T
          ? 'string'
          : number extends T
            ? 'number'
            : Decimal extends T
              ? 'decimal'
              : boolean extends T
                ? 'boolean'
                : 'selection'

type Names<N extends ModelName, K extends string> = { [F in FieldName<N>]: KindOf<FieldOf<N, F>> extends K ? F : never }[FieldName<N>]

type Paths<N extends ModelName, K extends string> =
  | Names<N, K>
  | { [R in Names<N, 'relation'>]: `${R}.${Names<Comodel<FieldOf<N, R>>, K>}` }[Names<N, 'relation'>]

type Equal<T> = readonly ['=' | '!=', T | null] | readonly ['in' | 'not in', readonly (T | null)[]]
type Ordered<T> = readonly ['<' | '<=' | '>' | '>=', T]
type Like = readonly ['like' | 'ilike' | 'not like' | 'not ilike' | '=like' | '=ilike', string]
type Under = readonly ['child_of' | 'parent_of', number | readonly number[]]

type SelectionCondition<N extends ModelName> =
  | { [F in Names<N, 'selection'>]: readonly [F, ...Equal<Bare<FieldOf<N, F>>>] }[Names<N, 'selection'>]
  | { [R in Names<N, 'relation'>]: DottedSelection<R, Comodel<FieldOf<N, R>>> }[Names<N, 'relation'>]
type DottedSelection<R extends string, M extends ModelName> = {
  [G in Names<M, 'selection'>]: readonly [`${R}.${G}`, ...Equal<Bare<FieldOf<M, G>>>]
}[Names<M, 'selection'>]

type AnyCondition<N extends ModelName> = {
  [R in Names<N, 'relation'>]: readonly [R, 'any' | 'not any', Domain<Comodel<FieldOf<N, R>>>]
}[Names<N, 'relation'>]

export type Condition<N extends ModelName> =
  | readonly [Paths<N, 'string'>, ...(Equal<string> | Like | Ordered<string>)]
  | readonly [Paths<N, 'number'>, ...(Equal<number> | Ordered<number>)]
  | readonly [Paths<N, 'decimal'>, ...(Equal<Decimal | number> | Ordered<Decimal | number>)]
  | readonly [Paths<N, 'day'>, ...(Equal<Day> | Ordered<Day>)]
  | readonly [Paths<N, 'moment'>, ...(Equal<Moment> | Ordered<Moment>)]
  | readonly [Paths<N, 'boolean'>, ...Equal<boolean>]
  | readonly [Paths<N, 'blob' | 'json'>, '=' | '!=', null]
  | readonly [Paths<N, 'relation'> | 'id', ...(Equal<number> | Under)]
  | SelectionCondition<N>
  | AnyCondition<N>

/** A filter, as the external API spells it: conditions, all of which must hold, or '&', '|', '!' in prefix notation. */
export type Domain<N extends ModelName> = readonly (Condition<N> | '&' | '|' | '!')[]

// ---- Values to create and write ---------------------------------------------------------------------

export type Command<M extends ModelName, Inverse extends string = never> =
  | readonly ['create', Omit<CreateValues<M>, Inverse>]
  | readonly ['update', number, WriteValues<M>]
  | readonly ['delete' | 'link' | 'unlink', number]
  | readonly ['clear']
  | readonly ['set', readonly number[]]

type Writable<F> =
  F extends Relation<infer M, true, any, infer I>
    ? readonly Command<M & ModelName, I>[]
    : [BlobName] extends [Bare<F>]
      ? [Bare<F>] extends [BlobName]
        ? Uint8Array | Value<F>
        : Value<F>
      : Value<F>

export type WriteValues<N extends ModelName> = {
  readonly [F in FieldName<N> as IsWritable<FieldOf<N, F>> extends true ? F : never]?: Writable<FieldOf<N, F>>
}

type MustGive<F> = F extends { options: { required: true } }
  ? F extends { options: { default: any } | { compute: string } | { related: string } }
    ? false
    : true
  : false

export type CreateValues<N extends ModelName> = WriteValues<N> & {
  readonly [F in FieldName<N> as MustGive<FieldOf<N, F>> extends true ? F : never]: Writable<FieldOf<N, F>>
}

export type ComputedName<N extends ModelName> = { [F in FieldName<N>]: IsComputed<FieldOf<N, F>> extends true ? F : never }[FieldName<N>]

/** What may cross the wire, or leave `asSystem`: plain values, never records. */
export type Wire = Json | Decimal | void | undefined | readonly Wire[] | { readonly [key: string]: Wire }
