import { ArgumentError, type Env, type Model, RawJson, callMethod, specificationOf } from '@erp4/orm'
import { demandModel, listOf, namesIn, rowsOf } from './open.ts'

type Params = Readonly<Record<string, unknown>>
type GroupRow = Readonly<Record<string, unknown>> & { readonly __count: number; readonly __extra_domain: readonly unknown[] }

/** Columns of a board, and how many of them come with their cards. The others ask for theirs when they come into sight. */
const mostColumns = 100
const filledColumns = 10

/**
 * `{model, domain?, by, fields, aggregates?, order?, limit?, folded?, all?}`: the columns of a board in one request. Each is a group by `by` as
 * `web_read_group` answers it, `{[by], __count, __extra_domain, [aggregate]}`, with its first `limit` cards as `records`, but for those
 * whose keys are in `folded` and those beyond the tenth. With `all`, of a link: `all` is every record that it can point to, `[id, name]`.
 */
export async function openBoard(env: Env, params: Params): Promise<RawJson> {
  const model = demandModel(env, params.model)
  const by = params.by
  if (typeof by !== 'string') throw new ArgumentError('by is a field to group by')
  const domain = listOf(params.domain)
  const { groups, length } = (await callMethod(env, {
    model: model.name,
    method: 'web_read_group',
    args: [domain, [by], namesIn(params.aggregates) ?? []],
    kwargs: { limit: mostColumns },
  })) as { groups: GroupRow[]; length: number }
  const folded = new Set((namesIn(params.folded) ?? []).map(String))
  const open = groups.filter((group) => !folded.has(keyText(group[by]))).slice(0, filledColumns)
  const columns: string[] = []
  // One after the other: they share a connection, and with it one moment's view of the data.
  for (const group of groups) {
    const head = JSON.stringify(group)
    if (!open.includes(group)) columns.push(head)
    else columns.push(`${head.slice(0, -1)},"records":${await cardsOf(env, model, [...domain, ...group.__extra_domain], params)}}`)
  }
  const all = params.all === true ? `,"all":${JSON.stringify(await targetsOf(env, model, by))}` : ''
  return new RawJson(`{"length":${length},"columns":[${columns.join(',')}]${all}}`)
}

/** What a link can point to, in the order of its model; nothing of any other field. */
async function targetsOf(env: Env, model: Model, by: string): Promise<[number, string][]> {
  const field = model.fields.get(by)
  if (field?.kind !== 'many2one') return []
  const found = await callMethod(env, {
    model: field.comodel!,
    method: 'search_read',
    args: [listOf(field.options.domain), ['display_name']],
    kwargs: { limit: mostColumns },
  })
  return rowsOf(found).map(({ id, display_name }) => [id, String(display_name)])
}

/** A group's key as text: the id of a linked record, the beginning of a span, or the value. Clients keep folded columns by it. */
const keyText = (key: unknown): string => String(Array.isArray(key) ? key[0] : key)

async function cardsOf(env: Env, model: Model, domain: readonly unknown[], { fields, order, limit }: Params): Promise<string> {
  const cards = await callMethod(env, {
    model: model.name,
    method: 'web_search_read',
    args: [],
    // How many there are is known already: the count goes no further than the cards.
    kwargs: {
      domain,
      specification: specificationOf(env, model, namesIn(fields) ?? []),
      order: order ?? '',
      limit: limit ?? 40,
      count_limit: 1,
    },
  })
  if (!(cards instanceof RawJson)) return JSON.stringify((cards as { records: unknown }).records)
  return cards.text.replace(/^\{"length":\d+,"records":/, '').slice(0, -1)
}

/** Levels of rows and of columns, three each with the totals of them all. */
const mostSets = 16
/** More cells than anybody reads: the answer says that it was cut off. */
const mostGroups = 4_000

/**
 * `{model, domain?, sets, aggregates?}`: the same records grouped in several ways at once, as charts and pivot tables need them. Each of
 * `sets` is a list of fields to group by (none: everything as one group) and is answered by `{groups, isCut}`, with groups as
 * `formatted_read_group` gives them.
 */
export async function openGroups(env: Env, params: Params): Promise<unknown> {
  const model = demandModel(env, params.model)
  const sets = listOf(params.sets).map((set) => namesIn(set) ?? [])
  if (sets.length === 0 || sets.length > mostSets) throw new ArgumentError(`sets are up to ${mostSets} lists of fields`)
  const aggregates = [...(namesIn(params.aggregates) ?? []), '__count']
  const answers: { groups: unknown[]; isCut: boolean }[] = []
  for (const groupby of sets) {
    const groups = (await callMethod(env, {
      model: model.name,
      method: 'formatted_read_group',
      args: [listOf(params.domain), groupby, [...new Set(aggregates)]],
      kwargs: { limit: mostGroups + 1 },
    })) as unknown[]
    answers.push({ groups: groups.slice(0, mostGroups), isCut: groups.length > mostGroups })
  }
  return answers
}
