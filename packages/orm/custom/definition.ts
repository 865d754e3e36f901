import { Decimal } from '../decimal.ts'
import { isDay, isMoment } from '../time.ts'

/** Kinds of fields that people can make for themselves: those that are one plain column. */
export const customKinds = ['char', 'text', 'integer', 'float', 'monetary', 'boolean', 'date', 'datetime', 'selection', 'many2one'] as const
export type CustomKind = (typeof customKinds)[number]

/** A text by language; English is always there. */
export type Texts = Readonly<Record<string, string>>

/**
 * Where a field is in its life. `asked`: its column is still to be made. `archived` and `deleted` ones are gone for everybody, and their values
 * are kept: without end, or until the day on which the column goes.
 */
export type CustomPhase = 'asked' | 'ready' | 'archived' | 'deleted'

/** A field that the people of one instance made. No app knows it; code reads it by `records.custom('x_…')`. */
export interface CustomField {
  readonly model: string
  readonly name: `x_${string}`
  readonly kind: CustomKind
  readonly phase: CustomPhase
  readonly label: Texts
  readonly help: Texts | null
  /** Demanded of whoever writes the field; the column takes nothing too, for what was there before. Only with a default. */
  readonly required: boolean
  /** A value as code has it, null for none. */
  readonly default: string | number | boolean | Decimal | null
  /** Of a char: at most so many characters. */
  readonly size: number | null
  /** Of a float: so many decimals are kept; null is a double. */
  readonly digits: number | null
  /** Of a many2one: the model that it points to, and what becomes of it when that record is deleted. */
  readonly comodel: string | null
  readonly onDelete: 'set null' | 'restrict'
  /** Of a selection, in the order shown. */
  readonly choices: readonly { readonly value: string; readonly label: Texts }[]
  /** Names of the groups it is for; null: for everybody who may read the record. */
  readonly groups: readonly string[] | null
  /** Where the form shows it: in the tab of such fields, behind a field, or nowhere. */
  readonly form: 'tab' | 'none' | `after:${string}`
  /** Whether it is a column of the list, and seen before somebody chooses so. */
  readonly list: 'no' | 'hidden' | 'shown'
  /** Whether the search offers it. */
  readonly search: boolean
}

/** The ORM puts `o_` before a column's name where it holds the old and the new value, and PostgreSQL's names have 63 bytes. */
export const longestCustomName = 60
const namePattern = /^x_[a-z0-9][a-z0-9_]*$/

/** Whether a field that people make may be called so. It is the name of a column: small letters, digits and `_` after `x_`. */
export const isCustomName = (name: unknown): name is `x_${string}` =>
  typeof name === 'string' && name.length <= longestCustomName && namePattern.test(name)

export const mostCustomFields = 100
export const mostChoices = 200
/** Of labels and options; a help may have ten times as many. */
export const longestLabel = 100

/** A default as its text in `ir.model.fields`, turned into a value of the kind. Undefined when it is none. */
export function customDefault(
  { kind, digits, choices }: { kind: CustomKind; digits: number | null; choices: readonly { readonly value: string }[] },
  text: string | null,
): CustomField['default'] | undefined {
  if (text === null || text === '') return null
  const number = Number(text)
  switch (kind) {
    case 'char':
    case 'text':
      return text.length <= 10_000 && !text.includes('\0') && text.isWellFormed() ? text : undefined
    case 'integer':
      return Number.isInteger(number) && Math.abs(number) <= 2147483647 ? number : undefined
    case 'float':
    case 'monetary':
      if (!/^-?\d{1,15}(\.\d{1,10})?$/.test(text)) return undefined
      if (kind === 'monetary') return Decimal.of(text)
      return digits === null ? number : Number(number.toFixed(digits))
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : undefined
    case 'date':
      return isDay(text) ? text : undefined
    case 'datetime':
      return isMoment(text) ? text : undefined
    case 'selection':
      return choices.some(({ value }) => value === text) ? text : undefined
    case 'many2one':
      return undefined
  }
}

type Row = Readonly<Record<string, unknown>>

/** As the statement of `sql/custom.ts` gives it. */
export interface CustomRow {
  readonly field: Row
  readonly groups: readonly string[]
  readonly choices: readonly { readonly value: string; readonly name: Texts }[]
}

/**
 * A definition as the database holds it, or null when it is none that this release could have made: whoever restored a dump or wrote to the
 * table past us gets no field by it.
 */
export function parseCustom({ field, groups, choices }: CustomRow): CustomField | null {
  const { model, name, ttype, phase, field_description: label, help, relation } = field
  const kind = customKinds.find((one) => one === ttype)
  if (!kind || !isCustomName(name) || typeof model !== 'string' || !isPhase(phase) || !isTexts(label)) return null
  if (kind === 'many2one' && typeof relation !== 'string') return null
  const digits = kind === 'float' && isCount(field['digits'], 10) ? field['digits'] : null
  const options = choices.filter((one) => typeof one.value === 'string' && isTexts(one.name))
  const given = customDefault(
    { kind, digits, choices: options },
    typeof field['default_value'] === 'string' ? field['default_value'] : null,
  )
  return {
    model,
    name,
    kind,
    phase,
    label,
    help: isTexts(help) ? help : null,
    required: field['required'] === true && given !== null && given !== undefined,
    default: given ?? null,
    size: kind === 'char' && isCount(field['size'], 10_000) && field['size'] > 0 ? field['size'] : null,
    digits,
    comodel: kind === 'many2one' ? (relation as string) : null,
    onDelete: field['on_delete'] === 'restrict' ? 'restrict' : 'set null',
    choices: options.map(({ value, name: text }) => ({ value, label: text })),
    // That it is limited is said apart from to whom: a group that is gone must not open the field to everybody.
    groups: field['is_limited'] === true ? groups : null,
    form: isPlace(field['form_place']) ? field['form_place'] : 'tab',
    list: field['list_place'] === 'no' || field['list_place'] === 'shown' ? field['list_place'] : 'hidden',
    search: field['in_search'] !== false,
  }
}

const isPhase = (value: unknown): value is CustomPhase =>
  value === 'asked' || value === 'ready' || value === 'archived' || value === 'deleted'
const isCount = (value: unknown, most: number): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most
const isTexts = (value: unknown): value is Texts => typeof (value as Row | null)?.['en_US'] === 'string'

/** `tab`, `none`, or `after:` and the name of a field. */
export const isPlace = (value: unknown): value is CustomField['form'] =>
  value === 'tab' || value === 'none' || (typeof value === 'string' && /^after:[a-z][a-z0-9_]{0,62}$/.test(value))
