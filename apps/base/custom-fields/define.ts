import {
  type CustomKind,
  type Env,
  UserError,
  ValidationError,
  customKinds,
  fieldLabel,
  json,
  mayEver,
  namesInColumns,
  readableField,
} from '@erp4/orm'
import { ir_model_fields } from '../models/ir_model_fields.ts'
import { demandDefiner, removeOption } from './actions.ts'
import { customizable, targets } from './rules.ts'

type Texts = Readonly<Record<string, string>>

/** A field as the settings screen shows and sends it. */
interface Definition {
  readonly model: string
  readonly name: string
  readonly kind: CustomKind
  readonly label: Texts
  readonly help: Texts
  readonly required: boolean
  readonly default: string | null
  readonly size: number | null
  readonly digits: number | null
  readonly relation: string | null
  readonly onDelete: 'set null' | 'restrict'
  /** `value` is absent for a new one. */
  readonly options: readonly { readonly value?: string; readonly label: Texts }[]
  readonly groups: readonly number[]
  readonly form: string
  readonly list: 'no' | 'hidden' | 'shown'
  readonly search: boolean
}

/** Everything that the screen shows: the fields that people made, and what could be made where. */
export const custom_overview = ir_model_fields.action(
  'custom_overview',
  { on: 'model', needs: 'create', readonly: true, returns: json({ required: true }) },
  async ({ env }) => {
    demandDefiner(env)
    return {
      models: customizable(env).map((model) => ({
        model: model.name,
        label: env.t(model.label),
        kinds: customKinds.filter((kind) => kind !== 'monetary' || model.fields.get('currency_id')?.kind === 'many2one'),
        places: placesIn(env, model.name),
        opens: mayEver(env, model, 'read'),
      })),
      targets: targets(env).map((model) => ({ model: model.name, label: env.t(model.label) })),
      groups: (await env.model('res.groups').find([['share', '=', false]], ['name'])).map(({ id, name }) => ({ id, name })),
      fields: await overviewOf(env),
    }
  },
)

/** Fields of the form behind which another can stand, in their order. */
function placesIn(env: Env, name: string): { name: string; label: string }[] {
  const model = env.modelOf(name)
  const views = env.registry.views.filter(({ view, app }) => view.model === name && view.type === 'form' && app !== 'custom')
  const names = new Set(views.flatMap(({ view }) => view.nodes.flatMap(namesInColumns)))
  return [...names].flatMap((one) => {
    const field = readableField(env, model, one)
    return field ? [{ name: one, label: fieldLabel(env, field) }] : []
  })
}

async function overviewOf(env: Env) {
  const rows = await env
    .model('ir.model.fields')
    .find(
      [['state', '=', 'manual']],
      [
        'model',
        'name',
        'ttype',
        'phase',
        'problem',
        'delete_after',
        'required',
        'default_value',
        'size',
        'digits',
        'relation',
        'on_delete',
        'groups',
        'is_limited',
        'form_place',
        'list_place',
        'in_search',
        'selection_ids.value',
      ],
      { order: 'model, sequence, id' },
    )
  const [labels, helps] = [await textsOf(env, rows, 'field_description'), await textsOf(env, rows, 'help')]
  const options = rows.flatMap((row) => row.selection_ids)
  const optionLabels = await optionTexts(
    env,
    options.map((one) => one.id),
  )
  return rows.map((row) => ({
    id: row.id,
    model: row.model,
    name: row.name,
    kind: row.ttype,
    phase: row.phase,
    problem: row.problem && env.t(row.problem),
    deleteAfter: row.delete_after,
    label: labels.get(row.id) ?? {},
    help: helps.get(row.id) ?? {},
    required: row.required,
    default: row.default_value,
    size: row.size,
    digits: row.digits,
    relation: row.relation,
    onDelete: row.on_delete ?? 'set null',
    options: row.selection_ids.map(({ id, value }) => ({ value, label: optionLabels.get(id) ?? {} })),
    groups: row.groups,
    limited: row.is_limited,
    form: row.form_place ?? 'tab',
    list: row.list_place ?? 'hidden',
    search: row.in_search,
  }))
}

/** A translated field of the rows in every active language. */
async function textsOf(env: Env, rows: readonly { id: number }[], field: 'field_description' | 'help'): Promise<Map<number, Texts>> {
  const all = new Map<number, Record<string, string>>()
  for (const lang of env.call.languages) {
    const ids = rows.map(({ id }) => id)
    for (const row of await env.withContext({ lang }).model('ir.model.fields').browse(ids).read([field]))
      if (row[field]) all.set(row.id, { ...all.get(row.id), [lang]: row[field] })
  }
  return all
}

async function optionTexts(env: Env, ids: readonly number[]): Promise<Map<number, Texts>> {
  const all = new Map<number, Record<string, string>>()
  for (const lang of env.call.languages)
    for (const row of await env.withContext({ lang }).model('ir.model.fields.selection').browse(ids).read(['name']))
      all.set(row.id, { ...all.get(row.id), [lang]: row.name })
  return all
}

/** Makes a field of the definition that the screen sends; its id. The answer comes when the column is there, or could not be made yet. */
export const define_field = ir_model_fields.action(
  'define_field',
  { on: 'model', needs: 'create', args: { definition: json({ required: true }) }, returns: json({ required: true }) },
  async ({ env }, { definition }) => {
    demandDefiner(env)
    const one = read(env, definition)
    const [model] = await env
      .model('ir.model')
      .search([['model', '=', one.model]])
      .then(({ ids }) => ids)
    const options = withValues(one.options, [])
    const english = env.withContext({ lang: 'en_US' })
    const made = await english.model('ir.model.fields').create({
      model: one.model,
      model_id: model ?? 0,
      name: one.name,
      ttype: one.kind as never,
      relation: one.relation,
      ...plainValues(one),
      field_description: inEnglish(one.label),
      help: inEnglish(one.help) || null,
      groups: [['set', one.groups]],
      selection_ids: (one.kind === 'selection'
        ? options.map(({ value, label }, sequence) => [0, 0, { value, name: inEnglish(label), sequence }])
        : []) as never,
    })
    const id = made.ids[0]!
    await translate(env, id, one)
    if (one.kind === 'selection') await translateOptions(env, id, options)
    return { id }
  },
)

/** Changes what may change of a field: all but what it is called in the database and what it holds. */
export const redefine_field = ir_model_fields.action(
  'redefine_field',
  { needs: 'write', args: { definition: json({ required: true }) } },
  async ({ env, ids }, { definition }) => {
    demandDefiner(env)
    const [id] = ids
    if (id === undefined || ids.length > 1) throw new UserError(env.t('One field is changed at a time.'))
    const one = read(env, definition)
    const english = env.withContext({ lang: 'en_US' })
    const fields = english.model('ir.model.fields').browse([id])
    const [known] = await fields.read(['model', 'name', 'ttype', 'selection_ids.value', 'selection_ids.name'])
    if (!known || known.model !== one.model || known.name !== one.name || known.ttype !== one.kind)
      throw new ValidationError(env.t('A field keeps its model, its technical name and its type.'))
    if (one.kind === 'selection') {
      const options = withValues(one.options, known.selection_ids)
      for (const gone of known.selection_ids.filter(({ value }) => !options.some((option) => option.value === value)))
        await removeOption(env, known, gone)
      for (const [sequence, { value, label }] of options.entries()) {
        const there = known.selection_ids.find((option) => option.value === value)
        const name = inEnglish(label)
        if (there) await english.model('ir.model.fields.selection').browse([there.id]).write({ name, sequence })
        else await english.model('ir.model.fields.selection').create({ field_id: id, value, name, sequence })
      }
      await translateOptions(env, id, options)
    }
    await fields.write({
      ...plainValues(one),
      field_description: inEnglish(one.label),
      help: inEnglish(one.help) || null,
      groups: [['set', one.groups]],
    })
    await translate(env, id, one)
  },
)

const plainValues = (one: Definition) => ({
  required: one.required,
  default_value: one.default,
  size: one.size,
  digits: one.digits,
  ...(one.kind === 'many2one' ? { on_delete: one.onDelete } : {}),
  form_place: one.form,
  list_place: one.list,
  in_search: one.search,
})

/** English stands for every language that has no text of its own: who gives Korean alone gives it for all. */
const inEnglish = (texts: Texts): string => texts['en_US'] || Object.values(texts).find((text) => text !== '') || ''

const others = (env: Env): string[] => env.call.languages.filter((lang) => lang !== 'en_US')

async function translate(env: Env, id: number, { label, help }: Definition): Promise<void> {
  for (const lang of others(env))
    await env
      .withContext({ lang })
      .model('ir.model.fields')
      .browse([id])
      .write({ field_description: label[lang] || inEnglish(label), help: help[lang] || inEnglish(help) || null })
}

async function translateOptions(env: Env, field: number, options: readonly { value: string; label: Texts }[]): Promise<void> {
  const rows = await env.model('ir.model.fields.selection').find([['field_id', '=', field]], ['value'])
  for (const lang of others(env))
    for (const { id, value } of rows) {
      const label = options.find((option) => option.value === value)?.label ?? {}
      await env
        .withContext({ lang })
        .model('ir.model.fields.selection')
        .browse([id])
        .write({ name: label[lang] || inEnglish(label) })
    }
}

/** A new option is kept as a word made of its label; what is kept already stays as it is. */
function withValues(options: Definition['options'], known: readonly { value: string }[]): { value: string; label: Texts }[] {
  const taken = new Set([...known, ...options].flatMap(({ value }) => value ?? []))
  return options.map(({ value, label }) => {
    if (value) return { value, label }
    const word =
      inEnglish(label)
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}]+/gu, '_')
        .replaceAll(/^_|_$/g, '')
        .slice(0, 40) || 'option'
    let made = word
    for (let i = 2; taken.has(made); i++) made = `${word}_${i}`
    taken.add(made)
    return { value: made, label }
  })
}

/** What a browser sent, with everything of the type that it should have. The rules of the model judge what it says. */
function read(env: Env, given: unknown): Definition {
  const wrong = (): never => {
    throw new ValidationError(env.t('This is no definition of a field.'))
  }
  const of = (typeof given === 'object' && given !== null && !Array.isArray(given) ? given : wrong()) as Record<string, unknown>
  const text = (key: string): string => (typeof of[key] === 'string' && of[key].length <= 10_000 ? of[key] : wrong())
  const optional = (key: string): string | null => (of[key] === null || of[key] === undefined || of[key] === '' ? null : text(key))
  const count = (key: string): number | null =>
    of[key] === null || of[key] === undefined ? null : Number.isInteger(of[key]) ? (of[key] as number) : wrong()
  const texts = (value: unknown): Texts => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong()
    const entries = Object.entries(value).filter(([lang]) => env.call.languages.includes(lang))
    return entries.every(([, one]) => typeof one === 'string')
      ? Object.fromEntries(entries.map(([lang, one]) => [lang, (one as string).trim()]))
      : wrong()
  }
  const list = (key: string): unknown[] => (Array.isArray(of[key]) && of[key].length <= 1000 ? of[key] : wrong())
  return {
    model: text('model'),
    name: text('name'),
    kind: text('kind') as CustomKind,
    label: texts(of['label']),
    help: texts(of['help'] ?? {}),
    required: of['required'] === true,
    default: optional('default'),
    size: count('size'),
    digits: count('digits'),
    relation: optional('relation'),
    onDelete: of['onDelete'] === 'restrict' ? 'restrict' : 'set null',
    options: list('options').map((option) => {
      const { value, label } = (option ?? {}) as { value?: unknown; label?: unknown }
      return { ...(typeof value === 'string' && value !== '' ? { value } : {}), label: texts(label) }
    }),
    groups: list('groups').map((id) => (Number.isInteger(id) ? (id as number) : wrong())),
    form: text('form'),
    list: of['list'] === 'no' || of['list'] === 'shown' ? of['list'] : 'hidden',
    search: of['search'] === true,
  }
}
