import type { Env } from '../env.ts'
import type { FieldInfo, Model } from '../registry.ts'
import { settableField, visibleField } from '../rules.ts'
import { createRecords } from './create.ts'
import { checkIds } from './lock.ts'
import { readTyped } from './read.ts'
import { Kept } from './values.ts'

/** Copies records with their copyable fields; lists of lines are copied where the field says `copy: true`, links always. */
export async function copyRecords(env: Env, model: Model, ids: readonly number[], values: Record<string, unknown>): Promise<number[]> {
  await checkIds(env, model, ids, 'read')
  const sources = await copiedValues(env, model, ids, new Set([model.name]))
  return createRecords(
    env,
    model,
    sources.map((source) => ({ ...source, ...values })),
  )
}

async function copiedValues(
  env: Env,
  model: Model,
  ids: readonly number[],
  above: ReadonlySet<string>,
): Promise<Record<string, unknown>[]> {
  const fields = [...model.fields.values()].filter((field) => isCopied(env, field))
  const rows = await readTyped(
    env,
    model,
    ids,
    fields.map((field) => field.name),
  )
  const out = new Map<number, Record<string, unknown>>(rows.map((row) => [row.id, {}]))
  for (const field of fields) {
    if (field.kind === 'one2many') {
      const lines = env.modelOf(field.comodel!)
      const all = rows.flatMap((row) => row[field.name] as number[])
      if (all.length === 0 || above.has(lines.name)) continue
      const copied = new Map((await copiedValues(env, lines, all, new Set([...above, lines.name]))).map((line, i) => [all[i]!, line]))
      for (const row of rows)
        out.get(row.id)![field.name] = (row[field.name] as number[]).flatMap((id) =>
          copied.has(id) ? [['create', omit(copied.get(id)!, field.inverse!)]] : [],
        )
    } else if (field.kind === 'many2many') for (const row of rows) out.get(row.id)![field.name] = [['set', row[field.name]]]
    else for (const row of rows) out.get(row.id)![field.name] = given(field, row[field.name])
  }
  return ids.flatMap((id) => (out.has(id) ? [out.get(id)!] : []))
}

/** Content stays where it is: the copy refers to it by its name. */
const given = (field: FieldInfo, value: unknown): unknown =>
  field.kind === 'binary' && typeof value === 'string' ? new Kept(value) : value

const omit = (values: Record<string, unknown>, key: string): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([name]) => name !== key))

function isCopied(env: Env, field: FieldInfo): boolean {
  if (field.magic || field.computed || field.options.secret || field.name === 'parent_path') return false
  // A copy is what its maker could have made: what he may not set of it is what new records begin with.
  if (!visibleField(env, field.model, field.name) || !settableField(env, field.model, field.name, 'create')) return false
  // What is another name of a field is copied with that field.
  if (field.related?.length === 1) return false
  return field.options.copy ?? field.kind !== 'one2many'
}
