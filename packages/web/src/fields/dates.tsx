import { lazy, Suspense } from 'react'
import { formatValue } from '../format.ts'
import type { EditProps, FieldWidget } from './widget.ts'
import { inputProps } from './widget.ts'

// The calendar is half as large as the rest of the form: it comes when a form has a date.
const Picker = lazy(async () => ({ default: (await import('./picker.tsx')).Picker }))

function DateEdit(props: EditProps) {
  return (
    <Suspense fallback={<input {...inputProps(props)} className="input" readOnly value={formatValue(props.field, props.value)} />}>
      <Picker {...props} />
    </Suspense>
  )
}

export const date: FieldWidget = { Edit: DateEdit }
export const datetime: FieldWidget = { Edit: DateEdit }
