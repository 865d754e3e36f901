import { type Env, RawJson, type User, callMethod } from '@erp4/orm'
import type { Instance } from '../instance.ts'
import { defaultBodyLimits } from '../http/body.ts'
import { versionInfo } from './version.ts'

/** How many ids a client may keep in one selection. */
const activeIdsLimit = 20_000

/** Who is signed in, and what a client needs to know before its first screen (external-api §2: the members clients read). */
export async function sessionInfo(env: Env, user: User, instance: Instance): Promise<Record<string, unknown>> {
  const isInternal = user.groups.has('base.group_user')
  const isSystem = user.groups.has('base.group_system')
  return {
    uid: user.id,
    is_system: isSystem,
    is_admin: isSystem,
    is_public: false,
    is_internal_user: isInternal,
    user_context: { lang: user.lang, tz: user.tz, uid: user.id },
    db: instance.name,
    server_version: versionInfo.server_version,
    server_version_info: versionInfo.server_version_info,
    name: user.name,
    username: user.login,
    partner_display_name: user.name,
    partner_id: user.partner_id,
    'web.base.url': instance.record.origin,
    active_ids_limit: activeIdsLimit,
    max_file_upload_size: defaultBodyLimits.maxBytes,
    currencies: await currencies(env),
    ...(isInternal ? { user_companies: await companies(env, user) } : {}),
  }
}

async function companies(env: Env, user: User): Promise<Record<string, unknown>> {
  const rows = await read(
    env,
    'res.company',
    [['id', 'in', user.company_ids]],
    ['name', 'sequence', 'child_ids', 'parent_id', 'currency_id'],
  )
  const allowed = rows.map((row) => [
    String(row.id),
    { sequence: 10, child_ids: [], ...row, parent_id: idOf(row.parent_id), currency_id: idOf(row.currency_id) },
  ])
  return { current_company: user.company_id, allowed_companies: Object.fromEntries(allowed), disallowed_ancestor_companies: {} }
}

async function currencies(env: Env): Promise<Record<string, unknown>> {
  const rows = await read(env, 'res.currency', [], ['name', 'symbol', 'position', 'decimal_places'])
  return Object.fromEntries(
    rows.map(({ id, name, symbol, position, decimal_places }) => [
      String(id),
      { name, symbol, position, digits: [69, decimal_places ?? 2] },
    ]),
  )
}

type Row = Record<string, unknown> & { id: number }

/** The fields among `wanted` that the installed apps have, of the records this user may read. */
async function read(env: Env, name: string, domain: readonly unknown[], wanted: readonly string[]): Promise<Row[]> {
  const model = env.registry.models.get(name)
  if (!model) return []
  const fields = wanted.filter((field) => model.fields.has(field))
  const rows = await callMethod(env, { model: name, method: 'search_read', args: [domain, fields], kwargs: {} })
  return rows instanceof RawJson ? (JSON.parse(rows.text) as Row[]) : (rows as Row[])
}

/** The id in a many2one's `[id, name]`; false when it is empty. */
const idOf = (value: unknown): unknown => (Array.isArray(value) ? value[0] : false)
