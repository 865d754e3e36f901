import type { Operation, Rule } from '../access.ts'
import { type Node, parseDomain, yes } from '../domain.ts'
import type { Env } from '../env.ts'
import type { Model } from '../registry.ts'
import { conditionOf, ruleFor } from '../rules.ts'
import { compileCondition } from '../sql/condition.ts'
import { Scope } from '../sql/expression.ts'
import { ident, join, sql } from '../sql/fragment.ts'

/** What one rule says of one record. */
export interface RuleVerdict {
  readonly kind: 'grant' | 'guard'
  /** The group a grant is for; null for a guard, which is for everyone. */
  readonly group: string | null
  /** The rule's domain for this user; empty when it has none. */
  readonly domain: readonly unknown[]
  /** A grant of a group that the user is not in does not count, whatever its domain says. */
  readonly counts: boolean
  readonly holds: boolean
  /** What a guard tells whoever it stops, `{name}` being the record's; null where it tells nothing. */
  readonly says: string | null
}

/** Fields that nobody may change from some point in a record's life on. */
export interface FreezeVerdict {
  readonly fields: readonly string[]
  /** What the record has to fulfil for them to be open. */
  readonly domain: readonly unknown[]
  readonly isOpen: boolean
  /** What whoever tries is told, `{name}` being the record's. */
  readonly says: string
}

export interface Explanation {
  readonly allowed: boolean
  /** False where the record does not exist. */
  readonly exists: boolean
  readonly rules: readonly RuleVerdict[]
  /** For `write` alone: which fields are kept as they are, or would be at another point of the record's life. */
  readonly freezes: readonly FreezeVerdict[]
  /** Why, in a sentence. */
  readonly because: string
}

/** Which rules decide whether the user of `env` may do `operation` to the record: for administrators, never for the user himself. */
export async function explain(env: Env, model: Model, operation: Operation, id: number): Promise<Explanation> {
  const rules = model.rules.filter(
    (rule) =>
      (rule.kind === 'grant' || rule.kind === 'guard') &&
      (rule.operations.includes(operation) || (operation === 'name' && rule.operations.includes('read'))),
  )
  const freezes = model.rules.filter((rule) => rule.kind === 'freeze' && rule.operations.includes(operation))
  const scope = new Scope('t')
  const domains = rules.map((rule) => (rule.where ? rule.where(env.me) : []))
  const conditions: Node[] = rules.map((rule, i) => (rule.where ? parseDomain({ env, rules: false }, model, domains[i]) : yes))
  const verdicts = join(
    [...conditions, ruleFor(env, model, operation), ...freezes.map((rule) => conditionOf(env, model, rule))].map(
      (node, i) => sql`coalesce(${compileCondition(env, node, scope)}, false) as ${ident(`v${i}`)}`,
    ),
  )
  const [row] = await env.cx.query<Record<string, boolean>>(sql`select ${verdicts} from ${ident(model.table)} t where t.id = ${id}::int4`)
  const seen = rules.map((rule, i): RuleVerdict => ({
    kind: rule.kind as 'grant' | 'guard',
    group: rule.group?.name ?? null,
    domain: domains[i] ?? [],
    counts: rule.kind === 'guard' || env.user.groups.has(rule.group!.name),
    holds: row?.[`v${i}`] ?? false,
    says: rule.says,
  }))
  const allowed = row?.[`v${rules.length}`] ?? false
  return {
    allowed,
    exists: row !== undefined,
    rules: seen,
    freezes: freezes.map((rule, i): FreezeVerdict => ({
      fields: rule.fields,
      domain: rule.where?.(env.me) ?? [],
      isOpen: row?.[`v${rules.length + 1 + i}`] ?? false,
      says: rule.says ?? '',
    })),
    because: reason(env, model, operation, row !== undefined, allowed, seen, rules),
  }
}

function reason(
  env: Env,
  model: Model,
  operation: Operation,
  exists: boolean,
  allowed: boolean,
  seen: readonly RuleVerdict[],
  rules: readonly Rule[],
): string {
  const who = `${env.user.name} (${env.user.login})`
  if (!exists) return `There is no such '${model.label}' record.`
  const stopping = seen.find((verdict) => verdict.kind === 'guard' && !verdict.holds)
  if (stopping)
    return `${who} may not ${operation} it: a guard for everyone demands ${JSON.stringify(stopping.domain)}, which this record does not fulfil.`
  const granting = seen.find((verdict) => verdict.kind === 'grant' && verdict.counts && verdict.holds)
  if (allowed && granting)
    return `${who} may ${operation} it: as a member of ${granting.group}${granting.domain.length > 0 ? `, since the record fulfils ${JSON.stringify(granting.domain)}` : ', any record'}.`
  if (allowed) return `${who} may ${operation} it.`
  if (granting && model.hangsOn) return `${who} may not ${operation} it: it belongs to another record, on which that right is missing.`
  const near = seen.filter((verdict) => verdict.kind === 'grant' && verdict.counts)
  if (near.length > 0)
    return `${who} may not ${operation} it: ${near.map((verdict) => `${verdict.group} would, for records that fulfil ${JSON.stringify(verdict.domain)}`).join('; ')}; this one does not.`
  const groups = [...new Set(rules.flatMap((rule) => (rule.group ? [rule.group.name] : [])))]
  return groups.length === 0
    ? `Nobody may ${operation} '${model.label}' records.`
    : `${who} may not ${operation} '${model.label}' records: that takes one of ${groups.join(', ')}, and the user is in none of them.`
}

export interface Reach {
  /** How many of the model's records the user may do it to, of how many there are. */
  readonly mine: number
  readonly all: number
  /** What his rules amount to, whatever records there are. */
  readonly rule: 'all' | 'some' | 'none'
}

/** How far a user's right reaches: for tables of rights. */
export async function reach(env: Env, model: Model, operation: Operation): Promise<Reach> {
  const rule = ruleFor(env, model, operation)
  const [row] = await env.cx.query<{ mine: number; all: number }>(
    sql`select count(*) filter (where ${compileCondition(env, rule, new Scope('t'))})::int4 as mine, count(*)::int4 as "all" from ${ident(model.table)} t`,
  )
  return { ...row!, rule: rule.kind === 'true' ? 'all' : rule.kind === 'false' ? 'none' : 'some' }
}
