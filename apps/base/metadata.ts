import { type Env, type FieldInfo, type Group, type Model, type Registry, closure } from '@erp4/orm'
import { nobody } from './groups.ts'
import { type Wanted, reconcile } from './reconcile.ts'

/**
 * Writes what the code declares into the records that show it: groups, models, fields, choices, rights and apps. Run at every
 * migration, as the system, after the schema; what is no longer declared is removed.
 */
export async function syncMetadata(sys: Env<true>, registry: Registry = sys.registry): Promise<void> {
  await syncGroups(sys, registry)
  const models = await syncModels(sys, registry)
  const fields = await syncFields(sys, registry, models)
  await syncChoices(sys, registry, fields)
  await syncAccess(sys, registry, models)
  await syncApps(sys, registry)
}

async function syncGroups(sys: Env<true>, registry: Registry): Promise<void> {
  const groups = [...registry.groups.values()].filter((group) => group.name !== nobody.name)
  const rows = await sys.model('res.groups').find([], ['key'])
  const gone = rows.filter((row) => !groups.some((group) => group.name === row.key))
  await sys
    .model('res.groups')
    .browse(gone.map((row) => row.id))
    .unlink()
  const wanted = groups.map((group) => ({
    key: group.name,
    values: { key: group.name, name: group.label, comment: group.help === '' ? null : group.help, share: isForOutsiders(group) },
    ...inKorean(registry, { name: group.label, comment: group.help }),
  }))
  const ids = await reconcile(sys, 'res.groups', wanted, new Map(rows.map((row) => [row.key, row.id])))
  const implications = groups.map((group) => ({
    key: group.name,
    values: {
      implied_ids: group.implies.map((one) => ids.get(one.name)!),
      all_implied_ids: [...closure(registry.groups, [group.name])].map((name) => ids.get(name)!),
    },
  }))
  await reconcile(sys, 'res.groups', implications, ids)
  for (const [module, mine] of Map.groupBy(groups, (group) => moduleOf(group.name))) {
    await nameRecords(
      sys,
      module,
      'res.groups',
      mine.map((group) => [group.name.slice(module.length + 1), ids.get(group.name)!]),
    )
  }
}

const isForOutsiders = (group: Group): boolean => group.name === 'base.group_portal' || group.name === 'base.group_public'
const moduleOf = (name: string): string => name.slice(0, name.indexOf('.'))

async function syncModels(sys: Env<true>, registry: Registry): Promise<Map<string, number>> {
  const models = [...registry.models.values()]
  const wanted = models.map((model) => ({
    key: model.name,
    values: { model: model.name, name: model.label, modules: model.app, state: 'base', transient: model.transient, abstract: false },
    ...inKorean(registry, { name: model.label }),
  }))
  const rows = await sys.model('ir.model').find([], ['model'])
  await sys
    .model('ir.model')
    .browse(rows.filter((row) => !registry.models.has(row.model)).map((row) => row.id))
    .unlink()
  const ids = await reconcile(sys, 'ir.model', wanted, new Map(rows.map((row) => [row.model, row.id])))
  for (const [module, mine] of Map.groupBy(models, (model) => model.app)) {
    await nameRecords(
      sys,
      module,
      'ir.model',
      mine.map((model) => [`model_${model.table}`, ids.get(model.name)!]),
    )
  }
  return ids
}

async function syncFields(sys: Env<true>, registry: Registry, models: ReadonlyMap<string, number>): Promise<Map<string, number>> {
  const wanted = [...registry.models.values()].flatMap((model) =>
    [...model.fields.values()].map((field) => wantedField(registry, model, field, models.get(model.name)!)),
  )
  const rows = await sys.model('ir.model.fields').find([['state', '=', 'base']], ['model', 'name'])
  const known = new Map(rows.map((row) => [`${row.model}.${row.name}`, row.id]))
  const declared = new Set(wanted.map((one) => one.key))
  await sys
    .model('ir.model.fields')
    .browse([...known].filter(([key]) => !declared.has(key)).map(([, id]) => id))
    .unlink()
  return reconcile(sys, 'ir.model.fields', wanted, known)
}

function wantedField(registry: Registry, model: Model, field: FieldInfo, modelId: number): Wanted {
  const { options } = field
  return {
    key: `${model.name}.${field.name}`,
    values: {
      model: model.name,
      model_id: modelId,
      name: field.name,
      field_description: field.label,
      help: options.help ?? null,
      ttype: field.kind === 'decimal' ? 'float' : field.kind,
      relation: field.comodel,
      relation_field: field.inverse,
      related: field.related?.join('.') ?? null,
      modules: field.app,
      state: 'base',
      in_search: true,
      required: options.required === true,
      readonly: options.readonly === true || field.computed !== null || field.magic,
      store: field.column !== null || field.links !== null,
      index: Boolean(options.index),
      copied: options.copy !== false && field.computed === null && !field.magic,
      translate: options.translate === true,
      company_dependent: options.companyDependent === true,
    },
    ...inKorean(registry, { field_description: field.label, help: options.help ?? '' }),
  }
}

async function syncChoices(sys: Env<true>, registry: Registry, fields: ReadonlyMap<string, number>): Promise<void> {
  const wanted = [...registry.models.values()].flatMap((model) =>
    [...model.fields.values()].flatMap((field) =>
      Object.entries(field.choices ?? {}).map(([value, name], sequence) => {
        const field_id = fields.get(`${model.name}.${field.name}`)!
        return { key: `${field_id} ${value}`, values: { field_id, value, name, sequence }, ...inKorean(registry, { name }) }
      }),
    ),
  )
  const rows = await sys.model('ir.model.fields.selection').find([['field_id.state', '=', 'base']], ['field_id', 'value'])
  const known = new Map(rows.map((row) => [`${row.field_id} ${row.value}`, row.id]))
  const declared = new Set(wanted.map((one) => one.key))
  await sys
    .model('ir.model.fields.selection')
    .browse([...known].filter(([key]) => !declared.has(key)).map(([, id]) => id))
    .unlink()
  await reconcile(sys, 'ir.model.fields.selection', wanted, known)
}

/** One row for each model and group: what all of the group's grants together allow. */
async function syncAccess(sys: Env<true>, registry: Registry, models: ReadonlyMap<string, number>): Promise<void> {
  const groups = new Map((await sys.model('res.groups').find([], ['key'])).map((row) => [row.key, row.id]))
  const wanted = [...registry.models.values()].flatMap((model) =>
    [
      ...Map.groupBy(
        model.rules.filter((rule) => rule.kind === 'grant'),
        (rule) => rule.group!.name,
      ),
    ].map(([group, rules]) => {
      const allows = (operation: 'read' | 'write' | 'create' | 'unlink') => rules.some((rule) => rule.operations.includes(operation))
      const name = `${model.name} ${group}`
      return {
        key: name,
        values: {
          name,
          model_id: models.get(model.name)!,
          group_id: groups.get(group) ?? null,
          perm_read: allows('read'),
          perm_write: allows('write'),
          perm_create: allows('create'),
          perm_unlink: allows('unlink'),
          limited: rules.every((rule) => rule.where !== null),
        },
      }
    }),
  )
  const rows = await sys.model('ir.model.access').find([], ['name'])
  const known = new Map(rows.map((row) => [row.name, row.id]))
  const declared = new Set(wanted.map((one) => one.key))
  await sys
    .model('ir.model.access')
    .browse(rows.filter((row) => !declared.has(row.name)).map((row) => row.id))
    .unlink()
  await reconcile(sys, 'ir.model.access', wanted, known)
}

async function syncApps(sys: Env<true>, registry: Registry): Promise<void> {
  const wanted = registry.apps.map((app) => ({
    key: app.name,
    values: {
      name: app.name,
      shortdesc: app.label,
      latest_version: app.version,
      application: app.menus.length > 0 && app.name !== 'base',
      state: 'installed',
    },
    ...inKorean(registry, { shortdesc: app.label }),
  }))
  const rows = await sys.model('ir.module.module').find([], ['name', 'state'])
  const gone = rows.filter((row) => row.state === 'installed' && !registry.apps.some((app) => app.name === row.name))
  await sys
    .model('ir.module.module')
    .browse(gone.map((row) => row.id))
    .write({ state: 'uninstalled' })
  const ids = await reconcile(sys, 'ir.module.module', wanted, new Map(rows.map((row) => [row.name, row.id])))
  await nameRecords(
    sys,
    'base',
    'ir.module.module',
    registry.apps.map((app) => [`module_${app.name}`, ids.get(app.name)!]),
  )
}

/** Gives records that exist already their external ids. */
async function nameRecords(
  sys: Env<true>,
  module: string,
  model: 'res.groups' | 'ir.model' | 'ir.module.module',
  named: readonly (readonly [string, number])[],
): Promise<void> {
  const wanted = named.map(([name, res_id]) => ({ key: name, values: { module, name, model, res_id } }))
  const rows = await sys.model('ir.model.data').find(
    [
      ['module', '=', module],
      ['model', '=', model],
    ],
    ['name'],
  )
  await reconcile(sys, 'ir.model.data', wanted, new Map(rows.map((row) => [row.name, row.id])))
}

/** The Korean texts of those English ones that the apps' catalogues translate. */
function inKorean(registry: Registry, english: Readonly<Record<string, string>>): { korean?: Record<string, string> } {
  const catalogue = registry.i18n.get('ko_KR')
  const known = Object.entries(english).flatMap(([field, text]) => (catalogue?.has(text) ? [[field, catalogue.get(text)!] as const] : []))
  return known.length === 0 ? {} : { korean: Object.fromEntries(known) }
}
