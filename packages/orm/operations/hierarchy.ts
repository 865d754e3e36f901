import type { Env } from '../env.ts'
import { ValidationError } from '../errors.ts'
import type { Model } from '../registry.ts'
import { ident, sql } from '../sql/fragment.ts'

/** `parent_path` of these records and of all below them, from their parents' (`'1/7/'` is 7 below 1). */
export async function setPaths(env: Env, model: Model, ids: readonly number[]): Promise<void> {
  const table = ident(model.table)
  await env.cx.query(sql`with recursive placed as (
      select t.id, coalesce(p.parent_path, '') || t.id || '/' as path from ${table} t left join ${table} p on p.id = t.parent_id where t.id = any(${ids}) and (t.parent_id is null or t.parent_id <> all(${ids}))
      union all select c.id, placed.path || c.id || '/' from ${table} c join placed on c.parent_id = placed.id)
    update ${table} t set parent_path = placed.path from placed where t.id = placed.id and t.parent_path is distinct from placed.path`)
}

/** Refuses to hang a record below itself. Called after `parent_id` was written. */
export async function demandNoCircle(env: Env, model: Model, ids: readonly number[]): Promise<void> {
  const table = ident(model.table)
  const [found] = await env.cx.query(sql`with recursive up as (
      select id as start, parent_id as at, 1 as depth from ${table} where id = any(${ids}) and parent_id is not null
      union all select up.start, t.parent_id, up.depth + 1 from up join ${table} t on t.id = up.at where t.parent_id is not null and up.at <> up.start and up.depth < 1000)
    select 1 as found from up where at = start or depth >= 1000 limit 1`)
  if (found) throw new ValidationError(env.t("A '{model}' cannot be its own parent, at any level.", { model: env.t(model.label) }))
}
