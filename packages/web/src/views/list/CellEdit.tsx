import { useRef, useState } from 'react'
import type { FieldMeta, ShownField } from '@erp4/orm/views-types'
import { type KnownViews, changed } from '../../data/views.ts'
import { widgetFor } from '../../fields/registry.ts'
import { formatValue } from '../../format.ts'
import { useTexts } from '../../i18n/index.ts'
import { Refusal, call } from '../../rpc.ts'
import { choose } from '../../ui/confirm.tsx'
import { tellFailure } from '../../ui/notify.ts'
import { isSameValue, wireValue } from '../form/wire.ts'
import type { Row } from './rows.ts'

interface Props {
  readonly views: KnownViews
  readonly row: Row
  readonly field: FieldMeta
  readonly shown: ShownField
  readonly onDone: (toNext: boolean) => void
}

/** One cell with an input in it. Enter and leaving save, Tab goes on to the next, Escape forgets. */
export function CellEdit({ views, row, field, shown, onDone }: Props) {
  const t = useTexts()
  const [value, setValue] = useState<unknown>(row[field.name])
  const latest = useRef(value)
  const isDone = useRef(false)
  const { Edit } = widgetFor(field, shown)
  const finish = (toNext: boolean): void => {
    if (isDone.current) return
    isDone.current = true
    onDone(toNext)
    if (!isSameValue(latest.current, row[field.name])) void save(latest.current)
  }
  const save = async (next: unknown, version: unknown = row['version']): Promise<void> => {
    const specification = { version: {}, [field.name]: field.relation ? { fields: { display_name: {} } } : {} }
    try {
      await call(views.model, 'web_save', [[row.id], { [field.name]: wireValue(field.type, next) }], {
        specification,
        version: version ?? null,
      })
    } catch (error) {
      if (!(error instanceof Refusal && error.isConflict)) return tellFailure(error, t)
      const [theirs] = await call<Row[]>(views.model, 'web_read', [[row.id], specification])
      const answer = await choose({
        title: t.changedMeanwhile('', ''),
        body: t.yoursAndTheirs(formatValue(field, next, row) || t.empty, formatValue(field, theirs?.[field.name], row) || t.empty),
        answers: [{ label: t.keepMine }, { label: t.takeTheirs, tone: 'quiet' }],
      })
      if (answer === 0) return save(next, theirs?.['version'])
    }
    await changed()
  }
  if (!Edit) return null
  return (
    <div
      className="cell-edit-box"
      onBlur={(event) => {
        const to = event.relatedTarget as HTMLElement | null
        if (!event.currentTarget.contains(to) && !to?.closest('[data-portal]')) finish(false)
      }}
      onKeyDown={(event) => {
        if (event.nativeEvent.isComposing || event.defaultPrevented) return
        if (event.key === 'Escape') {
          isDone.current = true
          onDone(false)
        } else if (event.key === 'Enter' || event.key === 'Tab') finish(event.key === 'Tab' && !event.shiftKey)
        else return
        event.preventDefault()
        event.stopPropagation()
      }}
    >
      <Edit
        field={field}
        shown={shown}
        value={value}
        record={row}
        id={`cell-${row.id}-${field.name}`}
        required={field.required === true}
        compact
        autoFocus
        onChange={(next) => {
          latest.current = next
          setValue(next)
        }}
      />
    </div>
  )
}
