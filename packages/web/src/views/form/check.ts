import type { ShownField, ViewNode } from '@erp4/orm/views-types'
import { holds } from '../../domain.ts'
import type { Texts } from '../../i18n/index.ts'
import type { FormRecord } from './record.ts'
import type { Lines } from './lines.ts'
import { isEmptyValue } from './wire.ts'

/** The fields a form shows right now, in their order; those of hidden groups are left out. */
export function shownFields(nodes: readonly ViewNode[], values: Readonly<Record<string, unknown>>): ShownField[] {
  return nodes.flatMap((node) => {
    if ('when' in node && node.when && !holds(node.when, values)) return []
    if (node.tag === 'field') return [node]
    if (node.tag === 'title' || node.tag === 'columns') return node.columns.flat().filter(({ when }) => !when || holds(when, values))
    return 'nodes' in node ? shownFields(node.nodes, values) : []
  })
}

/** What keeps the record from being saved, by field: what is required and not there. The rest is the server's to judge. */
export function problemsOf(record: FormRecord, t: Texts): Record<string, string> {
  const { values, fields, views } = record
  const found: Record<string, string> = {}
  const { nodes } = views.views['form']!
  for (const shown of shownFields(nodes, values)) {
    const field = fields[shown.field]
    const isRequired =
      field?.required === true || shown.required === true || (Array.isArray(shown.required) && holds(shown.required, values))
    const isSettable = field && !field.readonly && field.type !== 'boolean' && field.type !== 'binary'
    if (isRequired && isSettable && isEmptyValue(values[shown.field])) found[shown.field] = t.isRequired(shown.label ?? field.string)
  }
  for (const name of record.lineFields) {
    const columns = views.models[fields[name]!.relation!]?.fields ?? {}
    const missing = ((values[name] as Lines | undefined)?.lines ?? []).flatMap((line, i) =>
      Object.values(columns)
        .filter(
          (field) =>
            field.required &&
            !field.readonly &&
            field.name in line.values &&
            isEmptyValue(line.values[field.name]) &&
            field.type !== 'boolean',
        )
        .map((field) => t.lineNeeds(i + 1, field.string)),
    )
    if (missing.length > 0) found[name] = missing[0]!
  }
  return found
}
