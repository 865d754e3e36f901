import { randomUUID } from 'node:crypto'
import { ArgumentError } from '../errors.ts'
import { FormRecord } from '../operations/onchange/form.ts'
import { type Given, type Values, demandTargets, take } from '../operations/onchange/given.ts'
import type { FieldInfo } from '../registry.ts'
import { readableField } from '../rules.ts'
import { defaultValues } from './fields.ts'

/** Declared defaults and those of the context; what the client gave counts for more, and ids of the context are checked as his. */
export async function takeDefaults(record: FormRecord, values: Values): Promise<void> {
  const { env } = record.form
  const names = [...record.model.fields.values()]
    .filter(
      (field) =>
        !(field.name in values) &&
        !field.computed &&
        field.name !== record.owner?.field &&
        field.kind !== 'binary' &&
        field.kind !== 'one2many' &&
        readableField(env, record.model, field.name),
    )
    .map((field) => field.name)
  const defaults = await defaultValues(env, record.model, names)
  const given: Given = { targets: new Map() }
  await take(record, Object.fromEntries(Object.entries(defaults).filter(([name]) => env.context[`default_${name}`] === undefined)), null)
  await take(record, Object.fromEntries(Object.entries(defaults).filter(([name]) => env.context[`default_${name}`] !== undefined)), given)
  await demandTargets(env, given)
}

/**
 * Does with a form's list what a function of an app says: `['create', values]`, `['update', id, values]`, `['delete' | 'unlink' | 'link', id]`,
 * `['clear']`, `['set', ids]`. A line that is not saved goes by the negative id it was loaded with; a created one begins with its
 * model's defaults. Whether there was anything to do.
 */
export async function suggestLines(record: FormRecord, field: FieldInfo, commands: readonly unknown[]): Promise<boolean> {
  if (commands.length === 0) return false
  const { form } = record
  const model = form.env.modelOf(field.comodel!)
  const owner = { field: field.inverse!, record }
  const lines = new Map(((await record.value(field)) as readonly FormRecord[]).map((line) => [line.key, line]))
  const put = (line: FormRecord): FormRecord => {
    lines.set(line.key, line)
    return line
  }
  const keep = (id: number): FormRecord => lines.get(id) ?? put(new FormRecord(form, model, { id, isEdited: true, owner }))
  for (const [verb, ref, values] of commands as readonly (readonly [string, any, Values])[]) {
    if (verb === 'create') {
      const line = put(new FormRecord(form, model, { id: null, isEdited: true, ref: `suggested_${randomUUID()}`, owner }))
      await takeDefaults(line, ref as Values)
      await take(line, ref as Values, null)
    } else if (verb === 'update') {
      const line = lines.get(ref as number)
      if (!line) throw new ArgumentError(`${field.model.name}.${field.name} has no line ${ref} to change`)
      await take(line, values, null)
    } else if (verb === 'delete' || verb === 'unlink') lines.delete(ref as number)
    else if (verb === 'link') keep(ref as number)
    else {
      const kept = verb === 'set' ? (ref as readonly number[]).map(keep) : []
      lines.clear()
      kept.forEach(put)
    }
  }
  record.set(field.name, [...lines.values()])
  return true
}
