import { and, parseDomain, yes } from '../domain.ts'
import type { Env } from '../env.ts'
import type { FieldInfo, Model } from '../registry.ts'
import { ruleFor } from '../rules.ts'
import { compileCondition } from './condition.ts'
import { type Scope, companyValue } from './expression.ts'
import { type Sql, ident, join, literal, sql } from './fragment.ts'

/**
 * A link is a read: every target that a caller sets must be one he may `name`, or a foreign key would tell hidden from missing,
 * and names and related fields would leak (kernel §2.2).
 */
export function linksAllowed(env: Env, fields: Iterable<FieldInfo>, scope: Scope): Sql | null {
  const checks = [...fields]
    .filter((field) => field.column)
    .map((field) => {
      const comodel = env.modelOf(field.comodel!)
      const inner = scope.inner()
      const domain = field.options['domain'] && !env.isSystem ? parseDomain({ env, rules: false }, comodel, field.options['domain']) : yes
      const rule = and([ruleFor(env, comodel, 'name'), domain])
      const target = field.options.companyDependent ? companyValue(env, field, scope) : scope.column(field.column!)
      return sql`(${target} is null or exists (select from ${ident(comodel.table)} ${ident(inner.alias)} where ${inner.column('id')} = ${target} and ${compileCondition(env, rule, inner)}))`
    })
  return checks.length === 0 ? null : join(checks, ' and ')
}

/** Relations and references declared with `sameCompany` lead to records of this record's company, or of none. */
export function companiesAgree(env: Env, model: Model, touched: ReadonlySet<FieldInfo>, scope: Scope): Sql | null {
  const company = model.fields.get('company_id')
  if (!company?.column) return null
  const fields = [...model.fields.values()].filter(
    (field) => field.column && field.options['sameCompany'] && (touched.has(field) || touched.has(company)),
  )
  const checks = fields.flatMap((field) => {
    if (field.kind === 'reference') return [referenceAgrees(env, field, scope)]
    const comodel = env.modelOf(field.comodel!)
    if (!comodel.fields.get('company_id')?.column) return []
    const inner = scope.inner()
    return [
      sql`(${scope.column('company_id')} is null or not exists (select from ${ident(comodel.table)} ${ident(inner.alias)} where ${inner.column('id')} = ${scope.column(field.column!)} and ${inner.column('company_id')} <> ${scope.column('company_id')}))`,
    ]
  })
  return checks.length === 0 ? null : join(checks, ' and ')
}

/** The same of a reference, whichever model it leads to. */
function referenceAgrees(env: Env, field: FieldInfo, scope: Scope): Sql {
  const [value, company] = [scope.column(field.column!), scope.column('company_id')]
  const branches = [...env.registry.models.values()]
    .filter((target) => target.fields.get('company_id')?.column)
    .map((target) => {
      const inner = scope.inner()
      return sql`when ${literal(target.name)} then exists (select from ${ident(target.table)} ${ident(inner.alias)} where ${inner.column('id')} = split_part(${value}, ',', 2)::int8 and ${inner.column('company_id')} <> ${company})`
    })
  return sql`(${company} is null or not case split_part(coalesce(${value}, ''), ',', 1) ${join(branches, ' ')} else false end)`
}
