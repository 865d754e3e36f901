import type { Operation } from '../access.ts'
import { and, or, parseDomain } from '../domain.ts'
import type { Env } from '../env.ts'
import { AccessError, ArgumentError, ValueError, shown } from '../errors.ts'
import { checkIds } from '../operations/lock.ts'
import { countRows, demandEver, searchCount, searchIds } from '../operations/read.ts'
import { flush } from '../operations/recompute.ts'
import type { FieldInfo, Model } from '../registry.ts'
import { mayEver, ruleFor, visibleField } from '../rules.ts'
import { compileCondition } from '../sql/condition.ts'
import { Scope, fieldExpression } from '../sql/expression.ts'
import { empty, ident, sql } from '../sql/fragment.ts'
import { activeOnly, orderBy } from '../sql/select.ts'
import { RawJson, method } from './method.ts'
import { parseSpecification } from './specification.ts'
import { chooseFields, cleanLimit, cleanOffset, readByName, readWire, searchReadWire, wantsOf } from './wire.ts'

export const readMethods = {
  search: method(
    'model',
    ['domain', 'offset=0', 'limit=null', 'order=null'],
    (env, model, _, { domain, offset, limit, order }) =>
      searchIds(env, model, domain, { order: textOrNull(order), limit: cleanLimit(limit), offset: cleanOffset(offset) }),
    { readonly: true },
  ),

  search_count: method(
    'model',
    ['domain', 'limit=null'],
    (env, model, _, { domain, limit }) => searchCount(env, model, domain, cleanLimit(limit)),
    { readonly: true },
  ),

  search_read: method(
    'model',
    ['domain=null', 'fields=null', 'offset=0', 'limit=null', 'order=null', 'load="_classic_read"'],
    async (env, model, _, args) => {
      const wants = wantsOf(chooseFields(env, model, args['fields']), args['load'])
      return (
        await searchReadWire(env, model, args['domain'], wants, {
          order: textOrNull(args['order']),
          limit: cleanLimit(args['limit']),
          offset: cleanOffset(args['offset']),
        })
      ).json
    },
    { readonly: true },
  ),

  read: method(
    'record',
    ['fields=null', 'load="_classic_read"'],
    (env, model, ids, { fields, load }) => readByName(env, model, ids, fields, load),
    { readonly: true },
  ),

  web_read: method(
    'record',
    ['specification'],
    (env, model, ids, { specification }) => readWire(env, model, ids, parseSpecification(env, model, specification)),
    { readonly: true },
  ),

  web_search_read: method('model', ['domain', 'specification', 'offset=0', 'limit=null', 'order=null', 'count_limit=null'], webSearchRead, {
    readonly: true,
  }),

  name_search: method('model', ['name=""', 'domain=null', 'operator="ilike"', 'limit=100', 'args=null'], nameSearch, { readonly: true }),

  has_access: method(
    'record',
    ['operation'],
    async (env, model, ids, { operation }) => {
      const asked = demandOperation(operation)
      if (!mayEver(env, model, asked)) return false
      return checkIds(env, model, ids, asked).then(
        () => true,
        (error: unknown) => {
          if (error instanceof AccessError) return false
          throw error
        },
      )
    },
    { readonly: true },
  ),

  check_access_rights: method(
    'model',
    ['operation', 'raise_exception=true'],
    async (env, model, _, { operation, raise_exception }) => {
      const asked = demandOperation(operation)
      if (raise_exception) demandEver(env, model, asked)
      return mayEver(env, model, asked)
    },
    { readonly: true },
  ),

  get_metadata: method('record', [], getMetadata, { readonly: true }),
  get_external_id: method(
    'record',
    [],
    async (env, model, ids) => {
      const rows = await externalIds(env, model, ids)
      return Object.fromEntries(ids.map((id) => [String(id), rows.find((row) => row.res_id === id)?.xmlid ?? '']))
    },
    { readonly: true },
  ),
}

const textOrNull = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)

function demandOperation(operation: unknown): 'read' | 'write' | 'create' | 'unlink' {
  if (operation === 'read' || operation === 'write' || operation === 'create' || operation === 'unlink') return operation
  throw new ValueError(`Invalid operation '${shown(operation, 40)}'`)
}

/** A page and how many there are in all, counted no further than the list needs. */
async function webSearchRead(env: Env, model: Model, _: readonly number[], args: Record<string, unknown>): Promise<RawJson> {
  const [limit, offset, countLimit] = [cleanLimit(args['limit']), cleanOffset(args['offset']), cleanLimit(args['count_limit'])]
  const { json, rows, node } = await searchReadWire(env, model, args['domain'], parseSpecification(env, model, args['specification']), {
    order: textOrNull(args['order']),
    limit,
    offset,
  })
  // A page that is not full is the last one, and says itself how many there are.
  const isLast = (limit === null || rows < limit) && (rows > 0 || offset === 0)
  const length = isLast ? Math.min(offset + rows, countLimit ?? Infinity) : await countRows(env, model, node, countLimit)
  return new RawJson(`{"length":${length},"records":${json.text}}`)
}

/** Ids with their names, for those whose name the caller may know. */
async function nameSearch(env: Env, model: Model, _: readonly number[], args: Record<string, unknown>): Promise<unknown> {
  const { name, operator } = args
  const domain = args['domain'] ?? args['args']
  if (typeof operator !== 'string' || (typeof name !== 'string' && name !== false && name !== null))
    throw new ArgumentError('name_search() takes a text and an operator')
  await flush(env)
  const display = model.fields.get('display_name')!
  const asked = name
    ? parseDomain({ env, rules: !env.isSystem }, model, [['display_name', operator, name]])
    : parseDomain({ env, rules: false }, model, [])
  const nodes = [asked, parseDomain({ env, rules: !env.isSystem }, model, domain), activeOnly(env, model, domain)]
  const node = and([...nodes, or([ruleFor(env, model, 'name')])])
  if (node.kind === 'false') return []
  const scope = new Scope('t')
  const limit = cleanLimit(args['limit'])
  const rows = await env.cx.query<{ id: number; name: string }>(
    sql`select t.id, coalesce(${fieldExpression(env, display, scope)}, '') as name from ${ident(model.table)} t where ${compileCondition(env, node, scope)} order by ${orderBy(env, model.order, scope)}${limit === null ? empty : sql` limit ${limit}`}`,
  )
  return rows.map((row) => [row.id, row.name])
}

export async function externalIds(
  env: Env,
  model: Model,
  ids: readonly number[],
): Promise<{ res_id: number; xmlid: string; noupdate: boolean }[]> {
  if (!env.registry.models.has('ir.model.data') || ids.length === 0) return []
  await checkIds(env, model, ids, 'read')
  return env.cx.query(
    sql`select res_id, module || '.' || name as xmlid, coalesce(noupdate, false) as noupdate from ir_model_data where model = ${model.name} and res_id = any(${ids}) order by id`,
  )
}

async function getMetadata(env: Env, model: Model, ids: readonly number[]): Promise<unknown> {
  const { text } = await readWire(
    env,
    model,
    ids,
    wantsOf(
      ['create_uid', 'create_date', 'write_uid', 'write_date'].flatMap((name) => fieldOf(env, model, name)),
      '_classic_read',
    ),
  )
  const rows = JSON.parse(text) as { id: number }[]
  const known = await externalIds(
    env,
    model,
    rows.map((row) => row.id),
  )
  return rows.map((row) => {
    const xmlids = known.filter((one) => one.res_id === row.id)
    return {
      ...row,
      xmlid: xmlids[0]?.xmlid ?? false,
      xmlids: xmlids.map(({ xmlid, noupdate }) => ({ xmlid, noupdate })),
      noupdate: xmlids[0]?.noupdate ?? false,
    }
  })
}

const fieldOf = (env: Env, model: Model, name: string): FieldInfo[] => {
  const field = visibleField(env, model, name)
  return field ? [field] : []
}

export type { Operation }
