import { Tooltip } from '@mantine/core'
import { createContext, memo, useContext, useId } from 'react'
import type { ShownField, ViewNode } from '@erp4/orm/views-types'
import { holds } from '../../domain.ts'
import { widgetFor } from '../../fields/registry.ts'
import { formatValue } from '../../format.ts'
import { useTexts } from '../../i18n/index.ts'
import { shownFields } from './check.ts'
import { type FormRecord, useRecord } from './record.ts'

interface Props {
  readonly record: FormRecord
  readonly shown: ShownField
  readonly isTitle?: boolean
  readonly canWrite: boolean
  readonly autoFocus?: boolean
}

/** Stands before the ids of fields: a form over another one has ids of its own. */
const Ids = createContext('')
export const FieldIds = Ids.Provider
export const fieldIdIn = (ids: string, name: string): string => `${ids}field-${name}`
export const fieldId = (name: string): string => fieldIdIn('', name)

/** Where the cursor begins in a form that is to be filled: the first field that one writes in. */
export const firstToFill = (record: FormRecord, nodes: readonly ViewNode[]): string | undefined =>
  shownFields(nodes, record.values).find(({ field: name }) => {
    const field = record.fields[name]
    return (
      field !== undefined &&
      !field.readonly &&
      widgetFor(field).Edit !== undefined &&
      !['boolean', 'selection', 'binary'].includes(field.type)
    )
  })?.field

/** A label and its field; gone while its condition does not hold. */
export const FormField = memo(function FormField({ record, shown, isTitle = false, canWrite, autoFocus = false }: Props) {
  const own = useId()
  const ids = useContext(Ids)
  const t = useTexts()
  const field = record.fields[shown.field]
  // One word for all that decides about this field, so that other fields' changes do not draw it.
  const state = useRecord(record, ({ values }) => decide(shown, values))
  const value = useRecord(record, ({ values }) => values[shown.field])
  const problem = useRecord(record, ({ problems }) => problems[shown.field])
  const currency = useRecord(record, ({ values }) => values[field?.currency_field ?? ''])
  const version = useRecord(record, ({ values }) => values['version'])
  if (!field || state.includes('hidden')) return null
  void [currency, version] // read so that amounts and pictures follow them
  const widget = widgetFor(field, shown)
  const isReadonly = !canWrite || field.readonly === true || state.includes('readonly') || !widget.Edit
  const required = field.required === true || state.includes('required')
  const id = isTitle ? `${own}-${shown.field}` : fieldIdIn(ids, shown.field)
  const label = shown.label ?? field.string
  const props = { field, shown, value, record: record.values }
  // A document that gets its number when it is saved is not without a name until then.
  const unnamed = isTitle && shown.field === 'name' && record.id === null && <span className="soft">{t.new}</span>
  const isLong = widget.isWide === true || field.type === 'text'
  return (
    <div
      className={isTitle ? 'title-field' : 'field'}
      data-wide={isLong || undefined}
      data-problem={problem !== undefined || undefined}
      data-field={shown.field}
    >
      <Tooltip label={field.help} disabled={!field.help} position="top-start" multiline maw={320} openDelay={400}>
        <label htmlFor={isReadonly ? undefined : id} id={`${id}-label`} className={isTitle ? 'sr' : 'label'}>
          {label}
          {required && !isReadonly && (
            <span className="required" aria-hidden>
              {' '}
              *
            </span>
          )}
        </label>
      </Tooltip>
      <div className="value" {...(isReadonly ? { role: 'group', 'aria-labelledby': `${id}-label` } : {})}>
        {isReadonly ? (
          <div className="shown">{widget.Show ? <widget.Show {...props} /> : formatValue(field, value, record.values) || unnamed}</div>
        ) : (
          widget.Edit && (
            <widget.Edit
              {...props}
              id={id}
              required={required}
              problem={problem}
              autoFocus={autoFocus}
              onChange={(next) => record.set(shown.field, next)}
            />
          )
        )}
        {problem !== undefined && (
          <span className="problem" id={`${id}-problem`}>
            {problem}
          </span>
        )}
      </div>
    </div>
  )
})

function decide({ when, readonly, required }: ShownField, values: Readonly<Record<string, unknown>>): string {
  const isOn = (condition: true | readonly unknown[] | undefined): boolean =>
    condition === true || (condition !== undefined && holds(condition, values))
  return [when && !holds(when, values) ? 'hidden' : '', isOn(readonly) ? 'readonly' : '', isOn(required) ? 'required' : ''].join(' ')
}
