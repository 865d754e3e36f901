import {
  type CustomKind,
  type Env,
  type Model,
  UserError,
  ValidationError,
  auditEvent,
  customDefault,
  customKinds,
  isCustomName,
  isPlace,
  longestCustomName,
  longestLabel,
  mayEver,
  mostChoices,
  mostCustomFields,
} from '@erp4/orm'
import { ir_model_fields, ir_model_fields_selection } from '../models/ir_model_fields.ts'

type Values = Readonly<Record<string, unknown>>

/** What Odoo's clients say of a new field beside what it is; people's own fields have no choice in it. */
const decided = ['state', 'store', 'readonly', 'copied', 'index', 'modules', 'model'] as const

ir_model_fields.prepare(async (env, list) => {
  if (env.isSystem && list.every(({ state }) => state === 'base')) return list
  const made: Values[] = []
  for (const values of list) made.push(await completed(env, values, list))
  return made
})

/** What a new field is, whoever asks for it and however: a column of that name and kind, and nothing that would be evaluated. */
async function completed(env: Env, values: Values, list: readonly Values[]): Promise<Values> {
  const model = await modelOf(env, values)
  const { name, ttype, relation } = values
  if (values['state'] !== undefined && values['state'] !== 'manual')
    throw new ValidationError(env.t('People make fields of their own, no others.'))
  if (values['related'] || values['compute'] || values['translate'] || values['company_dependent'] || values['store'] === false)
    throw new ValidationError(env.t('A field of your own keeps one value in each record: it is neither computed nor translated.'))
  if (!isCustomName(name))
    throw new ValidationError(
      env.t('A technical name is x_ and then small letters, digits and _, at most {count} characters.', { count: longestCustomName }),
    )
  const kind = customKinds.find((one) => one === ttype)
  if (!kind) throw new ValidationError(env.t('Fields of your own are of one of these types: {types}.', { types: customKinds.join(', ') }))
  await demandFree(env, model, name, list.filter((one) => one['model_id'] === values['model_id']).length)
  if (kind === 'many2one') demandTarget(env, relation)
  if (kind === 'monetary' && model.fields.get('currency_id')?.kind !== 'many2one')
    throw new ValidationError(env.t('{model} has no currency that amounts could be in.', { model: env.t(model.label) }))
  const own = Object.fromEntries(Object.entries(values).filter(([key]) => !(decided as readonly string[]).includes(key)))
  return {
    form_place: 'tab',
    list_place: 'hidden',
    ...own,
    model: model.name,
    relation: kind === 'many2one' ? relation : null,
    ...(kind === 'many2one' ? { on_delete: own['on_delete'] || 'set null' } : {}),
  }
}

async function modelOf(env: Env, { model_id: id, model: named }: Values): Promise<Model> {
  const [row] =
    typeof id === 'number'
      ? await env.model('ir.model').browse([id]).read(['model'])
      : await env.model('ir.model').find([['model', '=', String(named)]], ['model'])
  const model = row && env.registry.models.get(row.model)
  if (model?.custom === 'fields' && (typeof id === 'number' || env.isSystem)) return model
  throw new ValidationError(
    env.t('Fields of your own can be added to: {models}.', {
      models: customizable(env)
        .map((one) => env.t(one.label))
        .join(', '),
    }),
  )
}

/** The models that people may add fields to. */
export const customizable = (env: Env): Model[] => [...env.registry.models.values()].filter((model) => model.custom === 'fields')

/** The models whose records people's own fields may point to. */
export const targets = (env: Env): Model[] =>
  [...env.registry.models.values()].filter((model) => model.custom !== null && mayEver(env, model, 'read'))

async function demandFree(env: Env, model: Model, name: string, more: number): Promise<void> {
  const rows = await env.model('ir.model.fields').find(
    [
      ['model', '=', model.name],
      ['state', '=', 'manual'],
    ],
    ['name', 'phase'],
  )
  const known = rows.find((row) => row.name === name)
  const held = known?.phase === 'deleted' || known?.phase === 'archived'
  if (held) throw new UserError(env.t('{name} is still kept: bring it back, or choose another name.', { name }))
  if (known || model.fields.has(name))
    throw new UserError(env.t('{model} has a field {name} already.', { model: env.t(model.label), name }))
  if (rows.length + more > mostCustomFields)
    throw new UserError(
      env.t('{model} has {count} fields of its own already, and can have no more.', { model: env.t(model.label), count: rows.length }),
    )
}

function demandTarget(env: Env, relation: unknown): void {
  const found = targets(env)
  if (found.some((model) => model.name === relation)) return
  throw new ValidationError(
    env.t('Fields of your own can point to: {models}.', { models: found.map((model) => env.t(model.label)).join(', ') }),
  )
}

/** What people say of a field, but for the groups that it is kept for. */
const said = [
  'name',
  'field_description',
  'help',
  'required',
  'size',
  'digits',
  'on_delete',
  'default_value',
  'form_place',
  'list_place',
  'in_search',
  'sequence',
  'phase',
] as const

ir_model_fields.changed([...said, 'groups'], async (sys, ids, operation, given) => {
  const changed = await demandSound(sys, ids)
  for (const field of changed) {
    if (given.has('groups'))
      await sys
        .model('ir.model.fields')
        .browse([field.id])
        .write({ is_limited: field.groups.length > 0 })
    const { id, model, name, ttype, ...values } = field
    const told = Object.fromEntries(Object.entries(values).filter(([key]) => operation === 'create' || given.has(key)))
    await sys.cx.query(
      auditEvent(sys.call, sys.user.id, operation === 'create' ? 'field_defined' : 'field_changed', 'ir.model.fields', id, {
        model,
        name,
        type: ttype,
        ...told,
      }),
    )
  }
  noteChange(sys, changed)
})

ir_model_fields_selection.changed(['value', 'name', 'sequence', 'field_id'], async (sys, ids) => {
  const options = await sys.model('ir.model.fields.selection').find(
    [
      ['id', 'in', ids],
      ['field_id.state', '=', 'manual'],
    ],
    ['value', 'name', 'field_id'],
  )
  if (options.length === 0) return
  for (const { value, name } of options) {
    if (!optionPattern.test(value))
      throw new ValidationError(sys.t('An option is kept as at most 60 letters, digits, spaces and any of . _ -'))
    demandLabel(sys, name)
  }
  const changed = await demandSound(sys, [...new Set(options.map((option) => option.field_id))])
  for (const { id, value, name, field_id } of options)
    await sys.cx.query(auditEvent(sys.call, sys.user.id, 'option_changed', 'ir.model.fields', field_id, { option: id, value, label: name }))
  noteChange(sys, changed)
})

const optionPattern = /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,59}$/u

/** Every process looks again before its next call; what has no column yet waits for the owner of the tables. */
function noteChange(sys: Env<true>, fields: readonly { readonly phase: string | null }[]): void {
  if (fields.length > 0) sys.call.touched.add('schema')
  if (fields.some(({ phase }) => phase === 'asked')) sys.call.asksOwner = true
}

type Sound = Awaited<ReturnType<typeof demandSound>>[number]

/** Those of the records that people made, refused where they contradict themselves. */
async function demandSound(sys: Env<true>, ids: readonly number[]) {
  const fields = await sys.model('ir.model.fields').find(
    [
      ['id', 'in', ids],
      ['state', '=', 'manual'],
    ],
    ['model', 'ttype', ...said, 'groups.key', 'selection_ids.value'],
  )
  for (const field of fields) demandConsistent(sys, field)
  return fields
}

function demandConsistent(sys: Env<true>, field: Omit<Sound, 'id'>): void {
  const kind = field.ttype as CustomKind
  demandLabel(sys, field.field_description)
  if ((field.help?.length ?? 0) > 10 * longestLabel)
    throw new ValidationError(sys.t('A help is no longer than {count} characters.', { count: 10 * longestLabel }))
  if (kind === 'selection' && field.selection_ids.length === 0) throw new ValidationError(sys.t('A choice needs options to choose from.'))
  if (field.selection_ids.length > mostChoices)
    throw new ValidationError(sys.t('A choice has at most {count} options.', { count: mostChoices }))
  if (field.digits !== null && !(field.digits >= 0 && field.digits <= 10))
    throw new ValidationError(sys.t('A number is kept with 0 to 10 decimals.'))
  if (field.size !== null && !(field.size >= 1 && field.size <= 10_000))
    throw new ValidationError(sys.t('A text has at most 1 to 10,000 characters.'))
  if (field.form_place !== null && !isPlace(field.form_place)) throw new ValidationError(sys.t('There is no such place in a form.'))
  const value = customDefault({ kind, digits: field.digits, choices: field.selection_ids }, field.default_value)
  if (value === undefined)
    throw new ValidationError(sys.t("'{value}' is no value for such a field.", { value: String(field.default_value).slice(0, 60) }))
  // Records are made by people's code and by ours, which knows nothing of the field: without a default it would fail there.
  if (field.required && value === null && kind !== 'boolean')
    throw new ValidationError(sys.t('A required field needs a default: records are made by other programs too, which do not know it.'))
}

function demandLabel(sys: Env<true>, label: string): void {
  if (label.trim() === '' || label.length > longestLabel || /\p{Cc}/u.test(label))
    throw new ValidationError(sys.t('A label has 1 to {count} characters, on one line.', { count: longestLabel }))
}
