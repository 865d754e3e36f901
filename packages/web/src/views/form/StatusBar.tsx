import type { ViewNode } from '@erp4/orm/views-types'
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
