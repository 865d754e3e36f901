import { Button } from '@mantine/core'
import { useState } from 'react'
import type { FieldMeta } from '@erp4/orm/views-types'
import { type KnownViews, changed, metaOf } from '../../data/views.ts'
import { widgetFor } from '../../fields/registry.ts'
import { useTexts } from '../../i18n/index.ts'
import { follow } from '../../location.ts'
import { call } from '../../rpc.ts'
import { explain } from '../../ui/states.tsx'
import { isEmptyValue, wireValue } from '../form/wire.ts'
import type { Column } from './board.ts'

interface Props {
  readonly views: KnownViews
  readonly fields: readonly FieldMeta[]
  readonly column: Column
  readonly by: string
  readonly context: Readonly<Record<string, unknown>>
  readonly formUrl: string
  readonly onDone: () => void
}

/** A new card with the least that it needs, in its column; it stays open for the next one. */
export function QuickCreate({ views, fields, column, by, context, formUrl, onDone }: Props) {
  const t = useTexts()
  const meta = metaOf(views)
  const [values, setValues] = useState<Readonly<Record<string, unknown>>>({})
  const [problem, setProblem] = useState<string | null>(null)
  const [isBusy, setBusy] = useState(false)
  const [round, setRound] = useState(0)
  const place = meta.fields[by]
  const isReady =
    fields.some(({ name }) => !isEmptyValue(values[name])) && fields.every(({ name, required }) => !required || !isEmptyValue(values[name]))

  const save = async (): Promise<void> => {
    if (!isReady || isBusy) return
    setBusy(true)
    setProblem(null)
    const given = Object.fromEntries(fields.map(({ name, type }) => [name, wireValue(type, values[name] ?? false)]))
    // Where the column is not set by hand, only the first one has the button: it is where new records begin.
    const placed = place && !place.readonly && place.type !== 'many2many' ? { [by]: column.value } : {}
    try {
      await call(views.model, 'create', [{ ...placed, ...given }], { context })
      setValues({})
      setRound((known) => known + 1)
      await changed()
    } catch (error) {
      setProblem(explain(error, t).hint)
    }
    setBusy(false)
  }
  return (
    <form
      className="quick"
      aria-label={t.quickCreate(column.label)}
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || event.defaultPrevented) return
        event.stopPropagation()
        onDone()
      }}
    >
      {fields.map((field, i) => {
        const { Edit } = widgetFor(field)
        return (
          Edit && (
            <label key={`${field.name}${round}`} className="quick-field">
              <span className="label">{field.string}</span>
              <Edit
                field={field}
                shown={{ tag: 'field', field: field.name }}
                value={values[field.name] ?? false}
                record={values}
                id={`quick-${column.text}-${field.name}`}
                required={field.required === true}
                compact
                autoFocus={i === 0}
                onChange={(value) => setValues((known) => ({ ...known, [field.name]: value }))}
              />
            </label>
          )
        )
      })}
      {problem !== null && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      <div className="quick-buttons">
        <Button type="submit" size="compact-sm" disabled={!isReady} loading={isBusy}>
          {t.add}
        </Button>
        <Button size="compact-sm" variant="default" onClick={onDone}>
          {t.close}
        </Button>
        <a className="small" {...follow(formUrl)}>
          {t.openForm}
        </a>
      </div>
    </form>
  )
}
