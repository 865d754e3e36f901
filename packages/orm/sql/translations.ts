import type { Env } from '../env.ts'
import type { FieldInfo, Model } from '../registry.ts'
import { auditRows } from './audit.ts'
import { type Sql, empty, ident, literal, sql } from './fragment.ts'

/** All translations of a field, `{"en_US": …}`, by record. */
export function storedTranslations(model: Model, field: FieldInfo, ids: readonly number[]): Sql {
  return sql`select id, coalesce(${ident(field.column!)}, '{}') as texts from ${ident(model.table)} where id = any(${ids})`
}

/** Forgets the texts of some languages: they read as the English one again. English stays. The trail says which went. */
export function forgetTranslations(env: Env, model: Model, field: FieldInfo, ids: readonly number[], languages: readonly string[]): Sql {
  const stored = ident(field.column!)
  const gone = sql`${languages}::text[]`
  const change = sql`jsonb_build_object(${literal(field.name)}, jsonb_build_array(x.before, x.after))`
  const trail = model.audit ? sql`, a as (${auditRows(env.call, env.user.id, model.name, 'write', change, sql`n`)})` : empty
  return sql`with o as (select id, ${stored} as before from ${ident(model.table)} where id = any(${ids}) and ${stored} ?| ${gone}),
    n as (update ${ident(model.table)} t set ${stored} = t.${stored} - ${gone}, write_uid = ${env.user.id}::int4, write_date = now() at time zone 'utc', version = t.version + 1
      from o where t.id = o.id returning t.id, o.before, t.${stored} as after)${trail}
    select count(*)::int4 as n from n`
}
