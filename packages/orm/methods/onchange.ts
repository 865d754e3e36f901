import { Decimal } from '../decimal.ts'
import type { Env } from '../env.ts'
import { ArgumentError, ValueError } from '../errors.ts'
import { checkIds } from '../operations/lock.ts'
import { FormRecord, Unknowable, isSame, openForm } from '../operations/onchange/form.ts'
import { type Given, type Values, demandTargets, take } from '../operations/onchange/given.ts'
import { byIds, demandEver } from '../operations/read.ts'
import type { Warn } from '../model.ts'
import { type FieldInfo, type Model, isToMany } from '../registry.ts'
import { mayEver, readableField, ruleFor, visibleField } from '../rules.ts'
import { relatedEnd } from '../sql/expression.ts'
import { method } from './method.ts'
import { parseSpecification } from './specification.ts'
import { suggestLines, takeDefaults } from './suggestions.ts'
import { readWire, scalarToWire } from './wire.ts'

export const onchangeMethods = {
  /** `{value: {…}}`: what a form should show now; `warning: {title, message, type}` where a function of an app has something to say. */
  onchange: method(
    'record',
    ['values', 'field_names', 'fields_spec'],
    async (env, model, ids, { values, field_names, fields_spec }) => {
      if (ids.length > 1) throw new ArgumentError('onchange() takes one record')
      if (typeof values !== 'object' || values === null || Array.isArray(values)) throw new ArgumentError('values must be an object')
      return runOnchange(env, model, ids[0] ?? null, values as Values, demandNames(field_names), fields_spec as FormSpec)
    },
    { readonly: true },
  ),
}

/** One name, a list of names, or nothing: a new record. */
function demandNames(value: unknown): string[] {
  if (value === null || value === false || value === '') return []
  const names = typeof value === 'string' ? [value] : value
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string'))
    throw new ArgumentError('field_names must be a list of names')
  return names
}

/** The fields of a form: those it shows, and those of its lists. */
type FormSpec = Readonly<Record<string, { readonly fields?: FormSpec }>>

/** How often changes may follow from changes. */
const rounds = 10

/**
 * What a form should show after the person changed `changed`; with nothing changed, what a new record begins with. Only fields of `spec`
 * come back, and only those that differ (all of them for a new record). Nothing is locked or written.
 *
 * Of lists of lines, the lines that differ come back as `[1, id, values]`, under the client's own name while they are not saved; those
 * that a function of an app took away as `[2, id]`, those that it added as `[0, name, values]`. Of many2many, `[3, id]` and `[4, id, values]`.
 */
async function runOnchange(
  env: Env,
  model: Model,
  id: number | null,
  values: Values,
  changed: readonly string[],
  spec: FormSpec,
): Promise<{ value: Values; warning?: Warning }> {
  if (id === null) demandEver(env, model, 'create')
  else await checkIds(env, model, [id], 'write')
  demandSpec(env, model, spec)
  const isFirst = changed.length === 0
  const record = new FormRecord(openForm(env), model, { id, isEdited: true })
  if (isFirst) await takeDefaults(record, values)
  const given: Given = { targets: new Map() }
  await take(record, values, given)
  for (const name of changed) takeChanged(record, name)
  await demandTargets(env, given)
  const before = await seen(record, spec)
  const said = await follow(
    record,
    isFirst ? [...record.given].filter(([, value]) => value !== null && value !== false).map(([name]) => name) : changed,
  )
  return { value: await differences(record, spec, before, isFirst), ...warningOf(env, said) }
}

interface Said {
  readonly title: string | undefined
  readonly message: string
}
interface Warning {
  readonly title: string
  readonly message: string
  readonly type: 'dialog'
}

/** All that was said, as the one warning that the protocol has room for. */
function warningOf(env: Env, said: readonly Said[]): { warning?: Warning } {
  const [first] = said
  if (!first) return {}
  if (said.length === 1) return { warning: { title: first.title ?? env.t('Warning'), message: first.message, type: 'dialog' } }
  const message = said.map((one) => (one.title ? `${one.title}: ${one.message}` : one.message)).join('\n\n')
  return { warning: { title: env.t('Warnings'), message, type: 'dialog' } }
}

function demandSpec(env: Env, model: Model, spec: FormSpec): void {
  if (typeof spec !== 'object' || spec === null || Array.isArray(spec)) throw new ArgumentError('fields_spec must be an object of fields')
  parseSpecification(env, model, spec)
}

/** A computed field that the person changed himself keeps his value, or gives what its inverse makes of it. */
function takeChanged(record: FormRecord, name: string): void {
  const { model, shown } = record
  if (!visibleField(record.form.env, model, name)) throw new ValueError(`Invalid field '${name.slice(0, 60)}' on '${model.name}'`)
  if (!shown.has(name)) return
  const inverse = model.inverses.get(name)
  record.set(name, shown.get(name))
  if (inverse) for (const [field, value] of Object.entries(inverse(shown.get(name)))) record.set(field, value)
}

/** Runs the apps' functions for each changed field, and for those that they change. Answers what they have to say, each thing once. */
async function follow(record: FormRecord, changed: readonly string[]): Promise<Said[]> {
  const {
    form: { env },
    model,
  } = record
  const said = new Map<string, Said>()
  const warn: Warn = (message, title) => void said.set(message, { message, title })
  const done = new Set<string>()
  let names: readonly string[] = changed
  for (let round = 0; round < rounds && names.length > 0; round++) {
    const next = new Set<string>()
    for (const name of names) {
      done.add(name)
      for (const { needs, change } of model.onchanges.filter((one) => one.field === name)) {
        const row = await knowable(() => record.load(needs, false))
        if (!row) continue
        for (const [field, value] of Object.entries((await change(row, env as Env<false>, warn)) ?? {}))
          if ((await suggest(record, field, value)) && !done.has(field)) next.add(field)
      }
    }
    names = [...next]
  }
  return [...said.values()]
}

/** Puts what a function of an app suggests into the form. Whether that changed anything. */
async function suggest(record: FormRecord, name: string, value: unknown): Promise<boolean> {
  const field = record.model.fields.get(name)
  if (!field || value === undefined) return false
  if (field.kind === 'one2many') return !field.computed && suggestLines(record, field, value as readonly unknown[])
  if (isSame(await knowable(() => record.value(field)), value)) return false
  record.set(name, value)
  return true
}

async function knowable<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Unknowable) return undefined
    throw error
  }
}

/** What the client shows: of the record's fields, and of each line's. */
interface Seen {
  readonly values: Map<string, unknown>
  readonly lists: Map<string, ReadonlyMap<FormRecord, Seen>>
}

const nothing: Seen = { values: new Map(), lists: new Map() }

async function seen(record: FormRecord, spec: FormSpec): Promise<Seen> {
  const { shown } = record
  const values = new Map<string, unknown>()
  const lists = new Map<string, Map<FormRecord, Seen>>()
  for (const [name, { fields = {} }] of Object.entries(spec)) {
    const field = formField(record, name)
    if (field?.kind === 'one2many') {
      const lines = new Map<FormRecord, Seen>()
      for (const line of (await record.value(field)) as FormRecord[]) lines.set(line, await seen(line, fields))
      lists.set(name, lines)
    } else if (field)
      values.set(name, shown.has(name) ? shown.get(name) : record.given.has(name) ? record.given.get(name) : await record.stored(field))
  }
  return { values, lists }
}

/** A field that an answer may have: not content, not lists that are computed, not the way back from a line to its record. */
function formField(record: FormRecord, name: string): FieldInfo | undefined {
  const field = readableField(record.form.env, record.model, name)
  return !field ||
    name === 'id' ||
    name === record.owner?.field ||
    field.kind === 'binary' ||
    (field.kind === 'one2many' && (field.computed || field.related))
    ? undefined
    : field
}

async function differences(record: FormRecord, spec: FormSpec, before: Seen, isForced: boolean): Promise<Values> {
  const { env } = record.form
  const out: Record<string, unknown> = {}
  for (const [name, { fields }] of Object.entries(spec)) {
    const field = formField(record, name)
    if (!field) continue
    if (field.kind === 'one2many') {
      const commands = await lineCommands((await record.value(field)) as FormRecord[], fields ?? {}, before.lists.get(name) ?? new Map())
      if (commands.length > 0) out[name] = commands
      continue
    }
    const value = await knowable(() => record.value(field))
    const known = before.values.get(name) ?? null
    if (value === undefined || (!isForced && isSame(asShown(value), asShown(known)))) continue
    if (!isToMany(field)) out[name] = await toWire(env, field, value, fields)
    else {
      const commands = await linkCommands(env, field, isForced ? [] : (known as number[]), value as number[], fields)
      if (commands.length > 0) out[name] = commands
    }
  }
  return out
}

/** The protocol does not tell nothing from zero, nor from the empty text. */
const asShown = (value: unknown): unknown => (value === 0 || value === '' || (Decimal.isDecimal(value) && value.isZero()) ? null : value)

async function lineCommands(lines: readonly FormRecord[], spec: FormSpec, before: ReadonlyMap<FormRecord, Seen>): Promise<unknown[]> {
  const commands: unknown[] = [...before.keys()].filter((line) => !lines.includes(line)).map((line) => [2, line.id ?? line.ref])
  for (const line of lines) {
    const known = before.get(line)
    const changes = await differences(line, spec, known ?? nothing, known === undefined)
    if (known === undefined) commands.push(line.id === null ? [0, line.ref, changes] : [4, line.id, { id: line.id, ...changes }])
    else if (Object.keys(changes).length > 0) commands.push([1, line.id ?? line.ref, changes])
  }
  return commands
}

async function linkCommands(
  env: Env,
  field: FieldInfo,
  before: readonly number[],
  after: readonly number[],
  spec: FormSpec | undefined,
): Promise<unknown[]> {
  const commands: unknown[] = before.filter((id) => !after.includes(id)).map((id) => [3, id])
  for (const id of after) if (!before.includes(id)) commands.push([4, id, spec ? await readOne(env, field, id, spec) : { id }])
  return commands
}

async function toWire(env: Env, field: FieldInfo, value: unknown, spec: FormSpec | undefined): Promise<unknown> {
  const end = field.related ? relatedEnd(env, field) : field
  if (end.kind !== 'many2one') return end.kind === 'boolean' ? Boolean(value) : scalarToWire(end, value)
  const id = value instanceof FormRecord ? value.id : (value as number | null)
  if (id === null || id < 0) return false
  return spec ? readOne(env, field, id, spec) : id
}

/** A linked record as web_read gives it; without its name where this person may not know it. */
async function readOne(env: Env, field: FieldInfo, id: number, spec: FormSpec): Promise<unknown> {
  const comodel = env.modelOf((field.related ? relatedEnd(env, field) : field).comodel!)
  const wants = parseSpecification(env, comodel, spec)
  const isName = wants.every((want) => want.field.name === 'display_name' || want.field.name === 'id')
  const hidden = { id, display_name: '' }
  if (!isName)
    return mayEver(env, comodel, 'read')
      ? ((JSON.parse((await readWire(env, comodel, [id], wants)).text) as unknown[])[0] ?? hidden)
      : hidden
  const [row] = await env.cx.query<Record<string, string>>(byIds(env, comodel, [id], wants, 'wire', ruleFor(env, comodel, 'name')))
  return (JSON.parse(Object.values(row!)[0]!) as unknown[])[0] ?? hidden
}
