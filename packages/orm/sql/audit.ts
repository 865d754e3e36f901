import type { Call } from '../call.ts'
import type { FieldInfo } from '../registry.ts'
import { type Sql, column, join, literal, sql } from './fragment.ts'

/** Of a call, what the trail says. */
type Origin = Pick<Call, 'onBehalf' | 'source'>

/** Who did it, as columns of the trail: actor, on_behalf, source. */
const who = (call: Origin, actor: number): Sql => sql`${actor}::int4, ${call.onBehalf}::int4, ${call.source}::text`

/** The trail's row for each row of the CTE `from`, written by the same statement as the change (kernel §2.1, §2.2). */
export function auditRows(
  call: Origin,
  actor: number,
  model: string,
  operation: 'create' | 'write' | 'unlink',
  change: Sql,
  from: Sql,
): Sql {
  return sql`insert into audit_in (actor, on_behalf, source, model, rec, operation, change) select ${who(call, actor)}, ${model}::text, x.id, ${operation}::text, ${change} from ${from} x`
}

/** One row of the trail that belongs to no statement. */
export function auditEvent(
  call: Call,
  actor: number | null,
  operation: string,
  model: string | null,
  rec: number | null,
  change: unknown,
): Sql {
  return sql`insert into audit_in (actor, on_behalf, source, model, rec, operation, change)
    values (${actor}::int4, ${call.onBehalf}::int4, ${call.source}::text, ${model}::text, ${rec}::int4, ${operation}::text, ${JSON.stringify(change)}::jsonb)`
}

/** One row for each reason for which a call used the system's rights, with how often. */
export function auditReasons(call: Call, actor: number, reasons: ReadonlyMap<string, number>): Sql {
  return sql`insert into audit_in (actor, on_behalf, source, operation, change)
    select ${who(call, actor)}, 'as_system', jsonb_build_object('reason', r.reason, 'count', r.count)
    from unnest(${[...reasons.keys()]}::text[], ${[...reasons.values()]}::int4[]) r(reason, count)`
}

const isSilent = (field: FieldInfo): boolean => Boolean(field.options.secret)

/** `{field: value}` of the columns given at creation, secrets left out. */
export function createdChange(alias: string, fields: readonly FieldInfo[]): Sql {
  const shown = fields.filter((field) => !isSilent(field))
  return shown.length === 0
    ? sql`'{}'::jsonb`
    : sql`jsonb_strip_nulls(jsonb_build_object(${join(shown.map((field) => sql`${literal(field.name)}, ${column(alias, field.column!)}`))}))`
}

/** `{field: [old, new]}` of those columns that differ; a secret says only that it changed. */
export function writtenChange(alias: string, fields: readonly FieldInfo[]): Sql {
  const pair = (field: FieldInfo): Sql => {
    const [before, after] = [column(alias, `o_${field.column!}`.slice(0, 63)), column(alias, field.column!)]
    const differs = field.kind === 'json' ? sql`${before}::text is distinct from ${after}::text` : sql`${before} is distinct from ${after}`
    const value = isSilent(field) ? sql`'["…", "…"]'::jsonb` : sql`jsonb_build_array(${before}, ${after})`
    return sql`case when ${differs} then jsonb_build_object(${literal(field.name)}, ${value}) else '{}'::jsonb end`
  }
  return fields.length === 0 ? sql`'{}'::jsonb` : fields.slice(1).reduce((all, field) => sql`${all} || ${pair(field)}`, pair(fields[0]!))
}
