import type { Domain, FieldName, ModelName } from './types.ts'

/** `name` = see that it exists and what it is called; `read` implies it. */
export type Operation = 'read' | 'create' | 'write' | 'unlink' | 'name'

/** A set of rights, named as the outside world knows it: `base.group_user`. */
export interface Group {
  readonly name: string
  readonly label: string
  /** What it lets a person do, in plain words. */
  readonly help: string
  readonly implies: readonly Group[]
}

export function group(name: string, spec: { label: string; help?: string; implies?: readonly Group[] }): Group {
  return { name, label: spec.label, help: spec.help ?? '', implies: spec.implies ?? [] }
}

/** The signed-in user, as rules see them. Companies are those of the call, at most the user's own. */
export interface Me {
  readonly id: number
  readonly partner_id: number
  readonly commercial_partner_id: number
  readonly company_id: number
  readonly company_ids: readonly number[]
}

type Where<N extends ModelName> = (me: Me) => Domain<N>

export interface Rule<N extends ModelName = ModelName> {
  readonly kind: 'grant' | 'guard' | 'protect' | 'freeze' | 'prove'
  readonly group: Group | null
  readonly operations: readonly Operation[]
  readonly where: Where<N> | null
  readonly fields: readonly FieldName<N>[]
  /** What whoever may see the record is told, `{name}` being what it is called; null: that he may not, or that it is not there. */
  readonly says: string | null
}

/** Lets a group do something: a record is reachable if any of the user's grants covers it. */
export function grant<N extends ModelName>(to: Group, operations: readonly Operation[], where?: Where<N>): Rule<N> {
  return { kind: 'grant', group: to, operations, where: where ?? null, fields: [], says: null }
}

/**
 * Limits everyone: a record is reachable only if every guard lets it through. Where it stops somebody who may see the record, `says` tells
 * him why: `'{name} is posted: make a credit note.'`
 */
export function guard<N extends ModelName>(
  where: Where<N>,
  operations: readonly Operation[] = [...all, 'name'],
  says: string | null = null,
): Rule<N> {
  return { kind: 'guard', group: null, operations, where, fields: [], says }
}

/** Only `to` may touch these fields: for everybody else they do not exist (or, with `['write', 'create']`, cannot be set). */
export function protect<N extends ModelName>(fields: readonly FieldName<N>[], to: Group, operations: readonly Operation[] = all): Rule<N> {
  return { kind: 'protect', group: to, operations, where: null, fields, says: null }
}

/**
 * From some point in a record's life on these fields are what they are: nobody changes them where the record, as it is before the change,
 * does not fulfil `where`. Code changes them as the system, and new records take any value.
 */
export function freeze<N extends ModelName>(fields: readonly FieldName<N>[], where: Where<N>, says: string): Rule<N> {
  return { kind: 'freeze', group: null, operations: ['write'], where, fields, says }
}

/**
 * Fields that open doors, such as rights and passwords: who sets them has to prove first who he is, beyond being signed in. Throws an
 * IdentityError, upon which a client asks for the password and tries again. Code sets them as the system.
 */
export function prove<N extends ModelName>(fields: readonly FieldName<N>[]): Rule<N> {
  return { kind: 'prove', group: null, operations: ['create', 'write'], where: null, fields, says: null }
}

export const all: readonly Operation[] = ['read', 'create', 'write', 'unlink']

/** Rules for every model in `Own`, and for any others an app wishes to open or limit. */
export type Access<Own extends ModelName> = { readonly [N in Own]: readonly Rule<N>[] } & {
  readonly [N in Exclude<ModelName, Own>]?: readonly Rule<N>[]
}

/** The groups a user is in: those given and all that they imply. */
export function closure(groups: ReadonlyMap<string, Group>, names: Iterable<string>): Set<string> {
  const found = new Set<string>()
  const visit = (name: string): void => {
    if (found.has(name)) return
    found.add(name)
    for (const implied of groups.get(name)?.implies ?? []) visit(implied.name)
  }
  for (const name of names) visit(name)
  return found
}
