import { Decimal } from '../../decimal.ts'
import type { Env } from '../../env.ts'
import { ArgumentError, ValueError, shown } from '../../errors.ts'
import type { FieldInfo, Model } from '../../registry.ts'
import { visibleField } from '../../rules.ts'
import { relatedEnd } from '../../sql/expression.ts'
import { parseCommands } from '../commands.ts'
import { checkIds } from '../lock.ts'
import { splitReference } from '../references.ts'
import { linkRefusal } from '../refuse.ts'
import { toColumn } from '../values.ts'
import { FormRecord } from './form.ts'

export type Values = Readonly<Record<string, unknown>>

/** What a client says is in a form, and the ids it brought: each must be one that this person may name. */
export interface Given {
  readonly targets: Map<Model, Set<number>>
}

/** Takes the values of a form, in the protocol's spelling, as the record's own; computed ones apart, as what the client shows now. */
export async function take(record: FormRecord, values: Values, given: Given | null, depth = 0): Promise<void> {
  const {
    form: { env },
    model,
  } = record
  if (depth > 4) throw new ArgumentError('The values are nested too deeply')
  // What is linked already may stay linked, whether its name may be known or not.
  const links = Object.keys(values).filter((name) => model.fields.get(name)?.comodel && visibleField(env, model, name))
  await FormRecord.fetch([record], links)
  for (const [name, value] of Object.entries(values)) {
    if (name === 'id' || value === undefined) continue
    const field = visibleField(env, model, name)
    if (!field) throw new ValueError(`Invalid field '${name.slice(0, 60)}' on '${model.name}'`)
    if (field.options.secret || field.kind === 'binary' || field.name === 'parent_path') continue
    const taken = await takeOne(record, field, value, given, depth)
    if (field.computed || field.related) record.shown.set(name, taken)
    else record.given.set(name, taken)
  }
}

async function takeOne(record: FormRecord, field: FieldInfo, value: unknown, given: Given | null, depth: number): Promise<unknown> {
  const { env } = record.form
  const end = field.related ? relatedEnd(env, field) : field
  if (end.kind === 'one2many') return takeLines(record, field, end, value, given, depth)
  if (end.kind === 'many2many') return takeLinks(record, field, end, value, given)
  if (end.kind === 'many2one') return takeTarget(record, field, end, value, given, depth)
  if (value === null || value === '' || (value === false && end.kind !== 'boolean')) return end.kind === 'boolean' ? false : null
  if (end.kind === 'reference') return takeReference(record, field, await toColumn(env, end, value), given)
  return asTyped(end, await toColumn(env, end, value))
}

async function takeReference(record: FormRecord, field: FieldInfo, value: unknown, given: Given | null): Promise<unknown> {
  if (typeof value !== 'string' || (await record.stored(field)) === value) return value
  const { model, id } = splitReference(value)
  const target = record.form.env.registry.models.get(model)
  if (!target || id > 2147483647) throw linkRefusal(record.form.env, record.model)
  note(given, target, id)
  return value
}

/** A column's value as functions of apps see it. */
function asTyped(field: FieldInfo, value: unknown): unknown {
  if (value === null) return null
  if (field.kind === 'decimal' || field.kind === 'monetary') return Decimal.of(value as string)
  return field.kind === 'float' ? Number(value) : value
}

/** An id, `[id, name]`, `{id, display_name}`; a line also sends its owner's own values this way. Names of unsaved records mean none. */
async function takeTarget(
  record: FormRecord,
  field: FieldInfo,
  end: FieldInfo,
  value: unknown,
  given: Given | null,
  depth: number,
): Promise<unknown> {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value)
  const raw = Array.isArray(value) ? value[0] : isRecord ? (value as { id?: unknown }).id : value
  const id = typeof raw === 'number' && Number.isInteger(raw) && raw > 0 && raw <= 2147483647 ? raw : null
  if (id === null && typeof raw === 'number' && raw !== 0)
    throw new ValueError(`Wrong value for ${record.model.name}.${field.name}: ${shown(raw, 40)}`)
  const comodel = record.form.env.modelOf(end.comodel!)
  if (id !== null && (await record.stored(field)) !== id) note(given, comodel, id)
  const own = isRecord ? Object.entries(value as Values).filter(([name]) => name !== 'id' && name !== 'display_name') : []
  if (own.length === 0) return id
  const owner = new FormRecord(record.form, comodel, { id, isEdited: true })
  // The lists of the owner hold this very line, as it was before.
  await take(owner, Object.fromEntries(own.filter(([name]) => comodel.fields.get(name)?.kind !== 'one2many')), given, depth + 1)
  return owner
}

async function takeLinks(record: FormRecord, field: FieldInfo, end: FieldInfo, value: unknown, given: Given | null): Promise<number[]> {
  const stored = (await record.stored(field)) as readonly number[]
  const ids = new Set(stored)
  for (const command of parseCommands(field, value)) {
    if (command.do === 'link' || command.do === 'update') ids.add(command.id)
    else if (command.do === 'unlink' || command.do === 'delete') ids.delete(command.id)
    else if (command.do === 'clear' || command.do === 'set') {
      ids.clear()
      if (command.do === 'set') for (const id of command.ids) ids.add(id)
    }
  }
  for (const id of ids) if (!stored.includes(id)) note(given, record.form.env.modelOf(end.comodel!), id)
  return [...ids]
}

async function takeLines(
  record: FormRecord,
  field: FieldInfo,
  end: FieldInfo,
  value: unknown,
  given: Given | null,
  depth: number,
): Promise<FormRecord[]> {
  const { form } = record
  const comodel = form.env.modelOf(end.comodel!)
  const owner = { field: end.inverse!, record }
  const stored = new Set((await record.stored(field)) as readonly number[])
  const lines = new Map<unknown, FormRecord>()
  const keep = (id: number): FormRecord => {
    const line = lines.get(id) ?? new FormRecord(form, comodel, { id, isEdited: true, owner })
    if (!stored.has(id)) note(given, comodel, id)
    lines.set(id, line)
    return line
  }
  for (const id of stored) keep(id)
  FormRecord.readTogether([...lines.values()])
  const isCommands = Array.isArray(value) && !isListOfIds(value)
  for (const one of isCommands ? value : [value]) {
    const [verb, ref, values] = Array.isArray(one) ? (one[0] === 'create' ? ['create', null, one[1]] : one) : []
    const isNew = verb === 0 || verb === 'create' || (verb === 1 && lines.has(ref) && typeof ref !== 'number')
    if (isNew) {
      const line = lines.get(ref) ?? new FormRecord(form, comodel, { id: null, isEdited: true, ref, owner })
      lines.set(ref === 0 || ref === false || ref === null ? line : ref, line)
      await take(line, demandValues(values ?? {}), given, depth + 1)
      continue
    }
    for (const command of parseCommands(field, isCommands ? [one] : one)) {
      if (command.do === 'clear' || command.do === 'set') lines.clear()
      if (command.do === 'set') command.ids.forEach(keep)
      else if (command.do === 'unlink' || command.do === 'delete') lines.delete(command.id)
      else if (command.do === 'link') keep(command.id)
      else if (command.do === 'update') await take(keep(command.id), command.values, given, depth + 1)
    }
  }
  const all = [...lines.values()]
  FormRecord.readTogether(all)
  return all
}

const isListOfIds = (value: unknown): boolean => Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'number')

function demandValues(values: unknown): Values {
  if (typeof values !== 'object' || values === null || Array.isArray(values)) throw new ArgumentError('values must be an object')
  return values as Values
}

function note(given: Given | null, model: Model, id: number): void {
  if (!given) return
  given.targets.set(model, (given.targets.get(model) ?? new Set()).add(id))
}

/** Refuses ids that the person may not name: what follows from them would tell what they hold. */
export async function demandTargets(env: Env, { targets }: Given): Promise<void> {
  for (const [model, ids] of targets) await checkIds(env, model, [...ids], 'name')
}
