import type { ViewNode } from '@erp4/orm/views-types'
import { formatInteger } from '../../format.ts'
import { useTexts } from '../../i18n/index.ts'
import { follow, formatPlace } from '../../location.ts'
import { recordWord, wordOf } from '../../menus.ts'
import { iconNamed } from '../../ui/app-icons.ts'
import { type FormRecord, useRecord } from './record.ts'

/** Where in its life the record is. Steps that are not always shown appear while the record is there. */
export function StatusBar({ record, node }: { record: FormRecord; node: Extract<ViewNode, { tag: 'statusbar' }> }) {
  const field = record.fields[node.field]
  const value = useRecord(record, ({ values }) => values[node.field])
  const steps = field?.selection?.filter(([key]) => !node.states || node.states.includes(key) || key === value) ?? []
  if (!field || steps.length === 0) return null
  return (
    <ol className="statusbar" aria-label={field.string}>
      {steps.map(([key, label]) => (
        <li key={key} aria-current={key === value ? 'step' : undefined}>
          {label}
        </li>
      ))}
    </ol>
  )
}

/** A door to what hangs on this record, with how many there are. */
export function SmartLink({ record, node }: { record: FormRecord; node: Extract<ViewNode, { tag: 'link' }> }) {
  const t = useTexts()
  const count = useRecord(record, ({ values }) => (node.count ? values[node.count] : undefined))
  const id = useRecord(record, (one) => one.id)
  const name = useRecord(record, ({ saved }) => String(saved['display_name'] || ''))
  if (id === null) return null
  const Icon = iconNamed(node.icon)
  const where = [{ where: [[node.by, '=', id]], label: t.of(node.label, name) }]
  const url = formatPlace(
    [{ word: recordWord(record.model), id }, { word: wordOf(node.model) }],
    new URLSearchParams({ q: JSON.stringify(where), default: `${node.by}:${id}` }),
  )
  return (
    <a className="smart" {...follow(url)}>
      <Icon size={18} stroke={1.6} />
      <span>
        {typeof count === 'number' && <strong>{formatInteger(count)}</strong>}
        {node.label}
      </span>
    </a>
  )
}
