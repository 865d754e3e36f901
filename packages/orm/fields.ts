import { Decimal } from './decimal.ts'
import type { Env } from './env.ts'
import { type Day, type Moment, isDay, isMoment } from './time.ts'
import type { ModelName } from './types.ts'

export interface Options<T> {
  label?: string
  help?: string
  /** A value must be there: the type loses its `null`, the column gets NOT NULL. */
  required?: boolean
  /** For clients: not to be edited by hand. Code and RPC may still write it; use `protect` or `compute` to forbid that. */
  readonly?: boolean
  /** A value, or what gives one; asked once for a whole batch. */
  default?: T | ((env: Env) => T | Promise<T>)
  /** 'stored' is kept in a column and recomputed when a dependency changes; 'live' is computed when read. */
  compute?: 'stored' | 'live'
  /** The value of another field along to-one relations, `'partner_id.email'`; writing it writes there. Never stored. */
  related?: string
  /** False leaves the field out of `copy`. */
  copy?: boolean
  /** An index: `true` for equality and order, 'trigram' for `ilike` too. */
  index?: boolean | 'trigram'
  /** One value for each language. Only char, text and html; a stored computed one is computed in each language. */
  translate?: boolean
  /** One value for each company; unset companies see the default. */
  companyDependent?: boolean
  /** Never read, exported, searched or audited: passwords and keys. Reading gives the empty text. */
  secret?: boolean
  /** False leaves the field out of group-by. */
  groupable?: boolean
}

export interface AnyField {
  readonly kind: Kind
  readonly accepts: (value: unknown) => boolean
}

export type Kind =
  | 'char'
  | 'text'
  | 'html'
  | 'integer'
  | 'float'
  | 'decimal'
  | 'monetary'
  | 'boolean'
  | 'date'
  | 'datetime'
  | 'selection'
  | 'json'
  | 'reference'
  | 'binary'
  | 'many2one'
  | 'one2many'
  | 'many2many'

/** A field's declaration. `T` and `O` exist for the compiler: they give the field its value type. */
export interface Field<T = unknown, O extends Options<any> = Options<any>> extends AnyField {
  readonly options: O
  readonly $value?: T
}

export interface RelationOptions<T> extends Options<T> {
  /** Only records that fit this domain are offered and accepted when set by a user. Plain data, on the comodel's own fields. */
  domain?: readonly unknown[]
  /** What deleting the target does: refuse (the default when required), empty the field (the default when not), or delete this record too. */
  ondelete?: 'restrict' | 'set null' | 'cascade'
  /** The linked record must belong to the same company, or to none. */
  sameCompany?: boolean
  /** Archived records stay in the list: the taxes of an old document, whatever became of them. */
  archived?: boolean
}

export interface Relation<
  N extends string = string,
  Many extends boolean = boolean,
  O extends Options<any> = Options<any>,
  I extends string = string,
> extends Field<Many extends true ? readonly number[] : number, O> {
  readonly comodel: N
  readonly many: Many
  readonly inverse?: I
}

// No `options` here: if the map named them, the compiler would infer a field's options from it instead of from the call.
export type FieldMap = Record<string, AnyField>

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/** A record of any model: `'res.partner,7'`. */
export type Reference = `${string},${number}`

declare const blobName: unique symbol
/** The name of content in the file store. */
export type BlobName = string & { readonly [blobName]: true }

const isString = (value: unknown) => typeof value === 'string' && !value.includes('\0')
const isNumber = (value: unknown) => typeof value === 'number' && Number.isFinite(value)
const isInteger = (value: unknown) => Number.isInteger(value) && Math.abs(value as number) <= 2147483647
const isId = (value: unknown) => isInteger(value) && (value as number) > 0
const isIds = (value: unknown) => Array.isArray(value) && value.every(isId)
const isReference = (value: unknown) => typeof value === 'string' && /^[a-z][a-z0-9_.]*,[1-9]\d{0,9}$/.test(value)
const isBinary = (value: unknown) => value instanceof Uint8Array || (typeof value === 'string' && /^[0-9a-f]{64}$/.test(value))

function scalar<T, Extra = {}>(kind: Kind, accepts: AnyField['accepts']) {
  return <const O extends Options<T> & Extra>(options?: O): Field<T, O> => ({ kind, accepts, options: options ?? ({} as O) })
}

export const char = scalar<string, { size?: number }>('char', isString)
export const text = scalar<string>('text', isString)
/** Formatted text; what is written is sanitised: no scripts, forms, frames or event handlers survive. */
export const html = scalar<string>('html', isString)
/** 32 bits, as the external protocol demands. `grouping: false` for what names something, a port or a row: it is written without separators. */
export const integer = scalar<number, { grouping?: false }>('integer', isInteger)
/** A double; with `digits` it is kept and rounded at so many decimals. */
export const float = scalar<number, { digits?: number }>('float', isNumber)
/**
 * An exact number; with `digits` rounded at so many decimals. `currency` names the field of the currency that it is in, for prices, which have more
 * digits than it; where that is empty it is the caller's company's.
 */
export const decimal = scalar<Decimal, { digits?: number; currency?: string }>('decimal', Decimal.isDecimal)
/** Money, rounded at the digits of the currency that the field `currency` (default `currency_id`) names. */
export const monetary = scalar<Decimal, { currency?: string }>('monetary', Decimal.isDecimal)
export const boolean = scalar<boolean>('boolean', (value) => typeof value === 'boolean')
export const date = scalar<Day>('date', isDay)
/** An instant, to the second, in UTC. */
export const datetime = scalar<Moment>('datetime', isMoment)
export const json = scalar<Json>('json', (value) => value !== undefined)
/**
 * A record of any model. Whoever sets it must be able to see that record; `ondelete` and `sameCompany` are those of a many2one, kept by
 * the ORM alone, since no foreign key can.
 */
export const reference = scalar<Reference, Pick<RelationOptions<Reference>, 'ondelete' | 'sameCompany'>>('reference', isReference)
/** Content of any size, kept in the file store; the column holds its name. Code writes bytes and reads the name. */
export const binary = scalar<BlobName, { image?: boolean }>('binary', isBinary)

export interface Selection<K extends string, O extends Options<any>> extends Field<K, O> {
  readonly choices: Readonly<Record<K, string>>
}

export function selection<const K extends string, const O extends Options<NoInfer<K>>>(
  choices: Readonly<Record<K, string>>,
  options?: O,
): Selection<K, O> {
  // A text, and no list that reads as one: `['read']` would be found, and go on as a list.
  const accepts = (value: unknown): boolean => typeof value === 'string' && Object.hasOwn(choices, value)
  return { kind: 'selection', choices, accepts, options: options ?? ({} as O) }
}

export function many2one<const N extends ModelName, const O extends RelationOptions<number>>(
  comodel: N,
  options?: O,
): Relation<N, false, O> {
  return { kind: 'many2one', comodel, many: false, accepts: isId, options: options ?? ({} as O) }
}

// `inverse` is checked at start-up, not by the compiler: typing it here would make mutually related models circular.
export function one2many<const N extends ModelName, const I extends string, const O extends RelationOptions<never>>(
  comodel: N,
  inverse: I,
  options?: O,
): Relation<N, true, O, I> {
  return { kind: 'one2many', comodel, inverse, many: true, accepts: isIds, options: options ?? ({} as O) }
}

/** `inverse` names the many2many field of the other model that shows the same links from its side. */
export function many2many<const N extends ModelName, const O extends RelationOptions<readonly number[]> & { inverse?: string }>(
  comodel: N,
  options?: O,
): Relation<N, true, O> {
  return { kind: 'many2many', comodel, many: true, accepts: isIds, options: options ?? ({} as O) }
}
