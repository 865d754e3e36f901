import { Checkbox } from '@mantine/core'
import { formatValue } from '../format.ts'
import { useTexts } from '../i18n/index.ts'
import type { EditProps, FieldWidget } from './widget.ts'
import { inputProps } from './widget.ts'

function SelectionEdit(props: EditProps) {
  const { field, value, onChange, required } = props
  const key = typeof value === 'string' ? value : ''
  return (
    <select
      {...inputProps(props)}
      className="input"
      value={key}
      onChange={(event) => onChange(event.target.value === '' ? false : event.target.value)}
    >
      {(!required || key === '') && <option value="" aria-label="–" />}
      {field.selection!.map(([choice, label]) => (
        <option key={choice} value={choice}>
          {label}
        </option>
      ))}
    </select>
  )
}

export const selection: FieldWidget = { Edit: SelectionEdit }

/** Two or three choices side by side. */
function RadioEdit({ field, value, onChange, id }: EditProps) {
  return (
    <div className="radios" role="radiogroup" id={id} aria-label={field.string}>
      {field.selection!.map(([choice, label]) => (
        <label key={choice}>
          <input type="radio" name={id} checked={value === choice} onChange={() => onChange(choice)} /> {label}
        </label>
      ))}
    </div>
  )
}

export const radio: FieldWidget = { Edit: RadioEdit }

export const badge: FieldWidget = {
  ...selection,
  Show: ({ field, shown, value, record }) =>
    value ? (
      <span className="badge" data-tone={shown.tones?.[String(value)]}>
        {formatValue(field, value, record)}
      </span>
    ) : null,
}

export const boolean: FieldWidget = {
  Edit: (props) => (
    <Checkbox
      {...inputProps(props)}
      size="xs"
      checked={props.value === true}
      onChange={(event) => props.onChange(event.currentTarget.checked)}
    />
  ),
  Show: ({ value }) => <Tick isOn={value === true} />,
}

function Tick({ isOn }: { isOn: boolean }) {
  const t = useTexts()
  return isOn ? (
    <span role="img" aria-label={t.yes}>
      ✓
    </span>
  ) : (
    <span className="sr">{t.no}</span>
  )
}
