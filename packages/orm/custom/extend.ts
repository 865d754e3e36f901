import type { Group } from '../access.ts'
import { all } from '../access.ts'
import type { AnyField } from '../fields.ts'
import { boolean, char, date, datetime, float, integer, many2one, monetary, selection, text } from '../fields.ts'
import type { Model } from '../registry.ts'
import type { CustomField } from './definition.ts'

/**
 * Whether the field fits what the apps declare now. One whose model, target or currency went with an app stays away until that comes back,
 * and takes nothing else with it.
 */
export function fits(one: CustomField, models: ReadonlyMap<string, Model>): boolean {
  const model = models.get(one.model)
  if (model?.custom !== 'fields' || model.fields.has(one.name)) return false
  if (one.kind === 'many2one') return models.get(one.comodel!)?.custom != null
  if (one.kind === 'monetary') return model.fields.get('currency_id')?.kind === 'many2one'
  return one.kind !== 'selection' || one.choices.length > 0
}

/** The definition as an app would have declared it. */
export function declarationOf(one: CustomField): AnyField {
  const options = {
    label: one.label['en_US']!,
    ...(one.help ? { help: one.help['en_US']! } : {}),
    ...(one.required ? { required: true } : {}),
    ...(one.default === null ? {} : { default: one.default as never }),
  }
  switch (one.kind) {
    case 'char':
      return char(one.size === null ? options : { ...options, size: one.size })
    case 'text':
      return text(options)
    case 'integer':
      return integer(options)
    case 'float':
      return float(one.digits === null ? options : { ...options, digits: one.digits })
    case 'monetary':
      return monetary(options)
    case 'boolean':
      return boolean(options)
    case 'date':
      return date(options)
    case 'datetime':
      return datetime(options)
    case 'selection':
      return selection(Object.fromEntries(one.choices.map(({ value, label }) => [value, label['en_US']!])), options as never)
    case 'many2one':
      return many2one(one.comodel as never, { ...options, ondelete: one.onDelete })
  }
}

/** In no group of anybody. */
const noOne: Group = { name: '', label: '', help: '', implies: [] }

/** Keeps the field for its groups, as `protect` does; for nobody where no app declares them any more. */
export function protectCustom(model: Model, { name, groups }: CustomField, known: ReadonlyMap<string, Group>): void {
  if (groups === null) return
  const found = groups.flatMap((group) => known.get(group) ?? [])
  for (const group of found.length > 0 ? found : [noOne])
    model.rules.push({ kind: 'protect', group, operations: all, where: null, fields: [name] as never, says: null })
}
