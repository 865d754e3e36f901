import { ArgumentError, UserError } from '../errors.ts'
import { copyRecords } from '../operations/copy.ts'
import { createRecords } from '../operations/create.ts'
import { unlinkRecords } from '../operations/unlink.ts'
import { restoreValue, undoLastSave } from '../operations/undo.ts'
import { writeRecords } from '../operations/write.ts'
import { finishCall } from '../operations/finish.ts'
import { method } from './method.ts'
import { parseSpecification } from './specification.ts'
import { cleanIds, readWire } from './wire.ts'

type Values = Record<string, unknown>

function demandValues(values: unknown): Values {
  if (typeof values !== 'object' || values === null || Array.isArray(values)) throw new ArgumentError('values must be an object')
  return values as Values
}

/** Of a form that was read; what is no whole number is none, and one that no record reaches is a mistake. */
function demandVersion(version: unknown): number | null {
  if (!Number.isInteger(version)) return null
  if (Math.abs(version as number) > 2147483647) throw new ArgumentError('there is no such version')
  return version as number
}

function demandOne(ids: readonly number[]): readonly [number] {
  if (ids.length !== 1) throw new ArgumentError('one record at a time')
  return [ids[0]!]
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
      const seen = demandVersion(version)
      let saved = [...new Set(ids)]
      if (saved.length > 0) await writeRecords(env, model, saved, demandValues(vals), seen)
      else saved = await createRecords(env, model, [demandValues(vals)])
      await finishCall(env)
      return readWire(env, model, typeof next_id === 'number' ? cleanIds(next_id) : saved, wants)
    },
    { creates: true },
  ),

  /** Takes back the caller's last save of one record; `version` is what it has had since. A record that moved on is refused. */
  web_undo: method('record', ['version'], async (env, model, ids, { version }) => {
    const [id] = demandOne(ids)
    const seen = demandVersion(version)
    if (seen === null) throw new ArgumentError('version must be a whole number')
    await undoLastSave(env, model, id, seen)
    return true
  }),

  /** Gives one field the value that it had before the change `key` of its history. */
  web_restore: method('record', ['key', 'field', 'version=null'], async (env, model, ids, { key, field, version }) => {
    const [id] = demandOne(ids)
    if (!Number.isSafeInteger(key) || typeof field !== 'string') throw new ArgumentError('a change is named by key and field')
    await restoreValue(env, model, id, { key: key as number, field, seen: demandVersion(version) })
    return true
  }),

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
