import { ArgumentError, UserError } from '../errors.ts'
import { copyRecords } from '../operations/copy.ts'
import { createRecords } from '../operations/create.ts'
import { unlinkRecords } from '../operations/unlink.ts'
import { writeRecords } from '../operations/write.ts'
import { finishCall } from '../operations/finish.ts'
import { method } from './method.ts'
import { parseSpecification } from './specification.ts'
import { readWire } from './wire.ts'

type Values = Record<string, unknown>

function demandValues(values: unknown): Values {
  if (typeof values !== 'object' || values === null || Array.isArray(values)) throw new ArgumentError('values must be an object')
  return values as Values
}

export const writeMethods = {
  create: method(
    'model',
    ['vals_list'],
    async (env, model, _, { vals_list }) => {
      const list = (Array.isArray(vals_list) ? vals_list : [vals_list]).map(demandValues)
      const ids = await createRecords(env, model, list)
      return Array.isArray(vals_list) ? ids : ids[0]
    },
    { creates: true },
  ),

  write: method('record', ['vals'], async (env, model, ids, { vals }) => {
    await writeRecords(env, model, [...new Set(ids)], demandValues(vals))
    return true
  }),

  unlink: method('record', [], async (env, model, ids) => {
    await unlinkRecords(env, model, [...new Set(ids)])
    return true
  }),

  copy: method(
    'record',
    ['default=null'],
    (env, model, ids, args) => copyRecords(env, model, [...new Set(ids)], demandValues(args['default'] ?? {})),
    {
      creates: true,
    },
  ),

  /** As write (or create, without ids) and web_read. `version` is the one the form was read at: a record that moved on is refused. */
  web_save: method(
    'record',
    ['vals', 'specification', 'next_id=null', 'version=null'],
    async (env, model, ids, { vals, specification, next_id, version }) => {
      const wants = parseSpecification(env, model, specification)
      const seen = Number.isInteger(version) ? (version as number) : null
      let saved = [...new Set(ids)]
      if (saved.length > 0) await writeRecords(env, model, saved, demandValues(vals), seen)
      else saved = await createRecords(env, model, [demandValues(vals)])
      await finishCall(env)
      return readWire(env, model, typeof next_id === 'number' ? [next_id] : saved, wants)
    },
    { creates: true },
  ),

  name_create: method(
    'model',
    ['name'],
    async (env, model, _, { name }) => {
      if (!model.fields.get('name')?.column) return false
      const [id] = await createRecords(env, model, [{ name }])
      const [row] = JSON.parse((await readWire(env, model, [id!], [{ field: model.fields.get('display_name')! }])).text)
      return [id, row?.display_name ?? name]
    },
    { creates: true },
  ),

  action_archive: method('record', [], async (env, model, ids) => {
    if (!model.hasActive) throw new UserError(env.t("'{model}' records cannot be archived.", { model: env.t(model.label) }))
    await writeRecords(env, model, [...new Set(ids)], { active: false })
    return true
  }),

  action_unarchive: method('record', [], async (env, model, ids) => {
    if (!model.hasActive) throw new UserError(env.t("'{model}' records cannot be archived.", { model: env.t(model.label) }))
    await writeRecords(env, model, [...new Set(ids)], { active: true })
    return true
  }),
}
