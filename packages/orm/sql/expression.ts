import type { Env } from '../env.ts'
import type { FieldInfo } from '../registry.ts'
import { ruleFor } from '../rules.ts'
import { compileCondition } from './condition.ts'
import { typeName, types } from './field-types.ts'
import { type Sql, column, ident, literal, sql } from './fragment.ts'

/** A table alias in a statement, the columns of it that are used, and a source of further aliases. */
export class Scope {
  readonly alias: string
  /** Columns used from this alias, so that an inner select can list them. */
  readonly used = new Set<string>()
  readonly #names: { next: number }

  constructor(alias: string, names: { next: number } = { next: 1 }) {
    this.alias = alias
    this.#names = names
  }

  column(name: string): Sql {
    this.used.add(name)
    return column(this.alias, name)
  }

  inner(): Scope {
    return new Scope(`${this.alias.charAt(0)}${this.#names.next++}`, this.#names)
  }

  /** The same aliases to draw from, another table. */
  as(alias: string): Scope {
    return new Scope(alias, this.#names)
  }
}

/** The value of a field that SQL can give, in its own type; to-one related fields are followed with the caller's rights. */
export function fieldExpression(env: Env, field: FieldInfo, scope: Scope): Sql {
  if (field.related) return relatedExpression(env, field, field.related, scope)
  if (!field.column) {
    if (field.name === 'display_name') return sql`${field.model.name} || ',' || ${scope.column('id')}`
    throw new Error(`${field.model.name}.${field.name} has no expression in SQL`)
  }
  if (field.options.companyDependent) return companyExpression(env, field, scope)
  const stored = scope.column(field.column)
  return field.options.translate ? translatedExpression(env, stored) : stored
}

/** Languages are literals: behind a parameter, PostgreSQL would not use the index of that language. */
function translatedExpression(env: Env, stored: Sql): Sql {
  const { lang } = env.context
  const english = sql`${stored}->>'en_US'`
  return lang === 'en_US' ? sql`(${english})` : sql`coalesce(${stored}->>${literal(lang)}, ${english})`
}

/** A company's own link has no foreign key to hold it: to a record that is gone, it is none. */
function companyExpression(env: Env, field: FieldInfo, scope: Scope): Sql {
  const value = companyValue(env, field, scope)
  if (field.kind !== 'many2one') return value
  const target = scope.inner()
  return sql`(select ${target.column('id')} from ${ident(env.modelOf(field.comodel!).table)} ${ident(target.alias)} where ${target.column('id')} = ${value})`
}

/** What is stored for the current company, be it a link to nothing. */
export const companyValue = (env: Env, field: FieldInfo, scope: Scope): Sql =>
  sql`(${scope.column(field.column!)}->>${literal(String(env.me.company_id))})::${types[typeName(field)]}`

function relatedExpression(env: Env, field: FieldInfo, path: readonly string[], scope: Scope): Sql {
  const [head = '', ...rest] = path
  const hop = field.model.fields.get(head)!
  return followed(env, hop, rest, scope)
}

function followed(env: Env, hop: FieldInfo, rest: readonly string[], scope: Scope): Sql {
  if (rest.length === 0) return fieldExpression(env, hop, scope)
  const comodel = env.modelOf(hop.comodel!)
  const inner = scope.inner()
  const [head = '', ...tail] = rest
  const value = followed(env, comodel.fields.get(head)!, tail, inner)
  const rule = ruleFor(env, comodel, head === 'display_name' ? 'name' : 'read')
  return sql`(select ${value} from ${ident(comodel.table)} ${ident(inner.alias)} where ${inner.column('id')} = ${fieldExpression(env, hop, scope)}${rule.kind === 'true' ? sql`` : sql` and ${compileCondition(env, rule, inner)}`})`
}

/** Where a related chain ends. */
export function relatedEnd(env: Env, field: FieldInfo): FieldInfo {
  let at = field
  for (const step of field.related ?? []) {
    const model = at === field ? field.model : env.modelOf(at.comodel!)
    at = model.fields.get(step)!
  }
  return at.related ? relatedEnd(env, at) : at
}

/** Whether SQL alone can give the field: no function of ours, no content of files. */
export function isPushable(env: Env, field: FieldInfo): boolean {
  if (field.related) {
    const end = relatedEnd(env, field)
    return end !== field && isPushable(env, end) && end.kind !== 'one2many' && end.kind !== 'many2many'
  }
  if (field.kind === 'binary') return false
  return field.computed !== 'live' || (field.name === 'display_name' && field.magic)
}
