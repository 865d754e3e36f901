import type { FieldMeta } from '@erp4/orm/views-types'
import { widgetFor } from '../../fields/registry.ts'
import { useTexts } from '../../i18n/index.ts'
import type { LineActions } from './line-actions.ts'
import type { Line } from './lines.ts'

interface Props {
  readonly line: Line
  readonly field: FieldMeta
  /** Over so many columns. */
  readonly span: number
  readonly isEditing: boolean
  readonly actions: LineActions | undefined
}

/** What a heading or a note between lines says, over all their columns. */
export function HeadingCell({ line, field, span, isEditing, actions }: Props) {
  const t = useTexts()
  const { Edit } = widgetFor(field)
  const text = String(line.values[field.name] || '')
  return (
    <div role="cell" aria-colspan={span} className="cell" data-cell={field.name} style={{ gridColumn: `span ${span}` }}>
      {isEditing && actions && Edit ? (
        <Edit
          field={field}
          shown={{ tag: 'field', field: field.name }}
          value={line.values[field.name]}
          record={line.values}
          id={`${line.key}-${field.name}`}
          compact
          required
          onChange={(value) => actions.change(line.key, field.name, value)}
        />
      ) : (
        <button
          type="button"
          className="cell-text"
          disabled={!actions}
          aria-label={actions ? t.editCell(field.string, text) : undefined}
          onClick={() => actions?.edit(line.key)}
          onFocus={() => actions?.edit(line.key)}
        >
          {text}
        </button>
      )}
    </div>
  )
}
