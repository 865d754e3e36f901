import {
  AccessError,
  ArgumentError,
  type Env,
  type MenuMeta,
  type Model,
  type ModelViews,
  NotFoundError,
  RawJson,
  callMethod,
  isSearch,
  menusFor,
  shown,
  specificationOf,
  viewsFor,
} from '@erp4/orm'

/** Saved searches that come with a list. */
const mostSearches = 200

type Params = Readonly<Record<string, unknown>>
type Row = Readonly<Record<string, unknown>> & { readonly id: number }

/** Rows of an answer that a method gave, whichever way it was made. */
export const rowsOf = (answer: unknown): Row[] => (answer instanceof RawJson ? (JSON.parse(answer.text) as Row[]) : (answer as Row[]))

/** Counted no further: the exact number of a million rows costs seconds, and nobody asked for it yet (users.md, complaint 3). */
const countedTo = 10_001

/** A model's views, the searches that were saved for it, and how this user likes its views. */
export async function openViews(env: Env, { model }: Params): Promise<ModelViews & Kept> {
  const known = demandModel(env, model)
  return { ...demandViews(env, known), ...(await keptFor(env, known)) }
}

/**
 * `{model, domain?, order?, limit?, offset?, fields?, sums?, views?, useDefault?}`: a page of a list in one request, with how many there are in
 * all (to 10,001) and, where `views` asks for it, how to show them. Without `fields` they are the columns that this user chose, or those of the
 * list as declared. `useDefault` searches as the default among the saved searches does, when there is one.
 */
export async function openList(env: Env, params: Params): Promise<RawJson> {
  const model = demandModel(env, params.model)
  const views = params.views === true ? demandViews(env, model) : undefined
  const kept = views && (await keptFor(env, model))
  // One's own before one that is shared, as the client shows it.
  const usual = kept?.favourites.filter((one) => one.is_default === true) ?? []
  const chosen = params.useDefault === true ? (usual.find((one) => one.user_id !== false) ?? usual[0]) : undefined
  const fields = namesIn(params.fields) ?? columnsIn(kept?.choices) ?? listFields(views ?? demandViews(env, model))
  const domain = [...listOf(params.domain), ...(chosen ? listOf(parsed(chosen.domain)) : [])]
  const page = await callMethod(env, {
    model: model.name,
    method: 'web_search_read',
    args: [],
    kwargs: {
      domain,
      specification: specificationOf(env, model, [...fields, ...(model.hasActive ? ['active'] : [])]),
      order: params.order ?? '',
      limit: params.limit ?? 80,
      offset: params.offset ?? 0,
      count_limit: countedTo,
    },
  })
  const text = page instanceof RawJson ? page.text : JSON.stringify(page)
  const sums = await totals(env, model, domain, namesIn(params.sums) ?? [], text)
  const more = { ...(views ? { views, ...kept } : {}), ...(sums ? { sums } : {}) }
  const head = JSON.stringify(more).slice(1, -1)
  return new RawJson(`{${head}${head === '' ? '' : ','}${text.slice(1)}`)
}

/** Sums over all records found, unless there are so many that the sum would take longer than the list. */
async function totals(env: Env, model: Model, domain: unknown, fields: readonly string[], page: string): Promise<unknown> {
  const length = Number(/^\{"length":(\d+)/.exec(page)?.[1] ?? 0)
  if (fields.length === 0 || length === 0 || length >= countedTo) return undefined
  const aggregates = fields.map((field) => `${field}:sum`)
  const groups = (await callMethod(env, {
    model: model.name,
    method: 'formatted_read_group',
    args: [],
    kwargs: { domain, groupby: [], aggregates },
  })) as Record<string, unknown>[]
  return Object.fromEntries(fields.map((field) => [field, groups[0]?.[`${field}:sum`] ?? 0]))
}

/**
 * `{model, id?, views?}`: a record as its form shows it, or, without `id`, what a new one begins with. A record that is not there, or not for
 * this user, is false.
 */
export async function openForm(env: Env, params: Params): Promise<unknown> {
  const model = demandModel(env, params.model)
  const views = demandViews(env, model)
  const specification = views.views['form']!.specification!
  const more = params.views === true ? { views, ...(await keptFor(env, model)) } : {}
  const call = (method: string, args: unknown[]): Promise<unknown> => callMethod(env, { model: model.name, method, args, kwargs: {} })
  if (typeof params.id === 'number') {
    const [record = false] = rowsOf(await call('web_read', [[params.id], specification]))
    // Rules may open some records of a model and not others: of this one it is known before anything is typed.
    const may = record && {
      write: await call('has_access', [[params.id], 'write']),
      unlink: await call('has_access', [[params.id], 'unlink']),
    }
    return { ...more, record, may }
  }
  const { value } = (await call('onchange', [[], {}, [], specification])) as { value: unknown }
  return { ...more, defaults: value }
}

/**
 * `{model, id}`: how many records each door of the form leads to, in the order of its links, to 10,001 each; false where a field of the
 * record says so itself. What this user may not see of them is not counted.
 */
export async function countLinked(env: Env, { model: name, id }: Params): Promise<(number | false)[]> {
  const model = demandModel(env, name)
  if (typeof id !== 'number') throw new ArgumentError('id is the number of a record')
  const counts: (number | false)[] = []
  for (const node of demandViews(env, model).views['form']!.nodes) {
    if (node.tag !== 'link') continue
    const kwargs = { domain: [[node.by, '=', id]], limit: countedTo }
    counts.push(node.count ? false : ((await callMethod(env, { model: node.model, method: 'search_count', args: [], kwargs })) as number))
  }
  return counts
}

/** Records whose names hold `text`, of the models that this user's menu opens: `[{model, id, name}]`, a few of each. */
export async function findRecords(env: Env, { text }: Params): Promise<unknown> {
  if (typeof text !== 'string' || text.trim().length < 2) return []
  const found: { model: string; label: string; id: number; name: string }[] = []
  for (const name of new Set(modelsIn(menusFor(env)))) {
    const model = env.registry.models.get(name)!
    // A name that is not indexed for parts of words would be looked for in every row, at each key pressed.
    if (model.fields.get('display_name')?.options.index !== 'trigram' && model.fields.get('name')?.options.index !== 'trigram') continue
    const pairs = (await callMethod(env, {
      model: name,
      method: 'name_search',
      args: [text.trim().slice(0, 100)],
      kwargs: { limit: 6 },
    })) as [number, string][]
    found.push(...pairs.map(([id, shown]) => ({ model: name, label: env.t(model.label), id, name: shown })))
  }
  return found
}

const modelsIn = (menus: readonly MenuMeta[]): string[] =>
  menus.flatMap(({ model, children }) => [...(model ? [model] : []), ...modelsIn(children)])

/** What was kept for a model: saved searches, and the user's own choices for its views, by the view's type. */
export interface Kept {
  readonly favourites: readonly Row[]
  readonly choices: Readonly<Record<string, unknown>>
}

export const keptFor = async (env: Env, model: Model): Promise<Kept> => ({
  favourites: await favourites(env, model),
  choices: await choicesFor(env, model.name),
})

/** This user's own choices for the views of a model, or, of `client`, for what is about no model. */
export async function choicesFor(env: Env, model: string): Promise<Kept['choices']> {
  if (!env.registry.models.has('ir.view.choice')) return {}
  const call = { model: 'ir.view.choice', method: 'search_read', args: [[['model_id', '=', model]], ['view', 'choice']], kwargs: {} }
  return Object.fromEntries(rowsOf(await callMethod(env, call)).map(({ view, choice }) => [String(view), choice]))
}

/** The columns that a user chose for the list of a model. */
function columnsIn(choices: Kept['choices'] | undefined): string[] | undefined {
  const { names } = (choices?.['list'] ?? {}) as { names?: unknown }
  return Array.isArray(names) && names.length > 0 ? names.filter((name) => typeof name === 'string') : undefined
}

/**
 * The user's own saved searches and those shared with him. One that fails for him, since its fields are gone or never were for him, is nobody's
 * default: it would keep him from the list.
 */
async function favourites(env: Env, model: Model): Promise<Row[]> {
  if (!env.registry.models.has('ir.filters')) return []
  const fields = ['name', 'domain', 'context', 'sort', 'is_default', 'user_id']
  // One's own come before those that everybody has, which have no owner's name: nobody makes so many that others no longer find theirs.
  const kwargs = { order: 'user_id desc, name, id', limit: mostSearches }
  const call = { model: 'ir.filters', method: 'search_read', args: [[['model_id', '=', model.name]], fields], kwargs }
  return rowsOf(await callMethod(env, call)).map((row) =>
    row.is_default === true && !isSearch(env, model, parsed(row.domain)) ? { ...row, is_default: false } : row,
  )
}

export function demandModel(env: Env, name: unknown): Model {
  const model = typeof name === 'string' ? env.registry.models.get(name) : undefined
  if (!model) throw new NotFoundError('model', `Object ${shown(name, 100)} doesn't exist`)
  return model
}

function demandViews(env: Env, model: Model): ModelViews {
  const views = viewsFor(env, model)
  if (!views) throw new AccessError(env.t(`You are not allowed to access '${model.label}' (${model.name}) records.`))
  return views
}

const listFields = ({ views }: ModelViews): string[] =>
  views['list']!.nodes.flatMap((node) => (node.tag === 'field' && node.optional !== 'hidden' ? [node.field] : []))

export function namesIn(value: unknown): string[] | undefined {
  if (value === undefined || value === null) return undefined
  if (!Array.isArray(value) || value.length > 200 || !value.every((one) => typeof one === 'string'))
    throw new ArgumentError('fields and sums are lists of names')
  return value
}

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

function parsed(text: unknown): unknown {
  try {
    return JSON.parse(String(text))
  } catch {
    // Another client's spelling of a domain; it is shown in the list of saved searches and found wanting there.
    return []
  }
}
