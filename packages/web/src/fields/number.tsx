import { useState } from 'react'
import { formatInteger, formatNumber, formatValue, parseNumber } from '../format.ts'
import { useTexts } from '../i18n/index.ts'
import type { EditProps, FieldWidget } from './widget.ts'
import { inputProps } from './widget.ts'

/** Shows the number in the locale's way and takes it so; what is no number stays until it is mended, and nothing is saved. */
function NumberEdit(props: EditProps) {
  const { value, onChange, field } = props
  const t = useTexts()
  const [draft, setDraft] = useState<string | null>(null)
  const known = typeof value === 'number' ? value : undefined
  const shown = known === undefined ? '' : field.type === 'integer' ? formatInteger(known) : formatNumber(known, field.digits?.[1])
  const isWrong = draft !== null && draft.trim() !== '' && read(draft, field.type) === undefined
  return (
    <>
      <input
        {...inputProps(props)}
        className="input number"
        inputMode={field.type === 'integer' ? 'numeric' : 'decimal'}
        value={draft ?? shown}
        autoComplete="off"
        aria-invalid={isWrong || props.problem !== undefined || undefined}
        onFocus={(event) => event.target.select()}
        onChange={(event) => {
          setDraft(event.target.value)
          const number = read(event.target.value, field.type)
          if (number !== undefined) onChange(number)
          else if (event.target.value.trim() === '') onChange(0)
        }}
        onBlur={() => !isWrong && setDraft(null)}
      />
      {isWrong && (
        <span className="problem" role="alert">
          {t.notANumber}
        </span>
      )}
    </>
  )
}

function read(text: string, type: string): number | undefined {
  const number = parseNumber(text)
  return number !== undefined && type === 'integer' && !Number.isInteger(number) ? undefined : number
}

export const number: FieldWidget = {
  Edit: NumberEdit,
  Show: ({ field, value, record }) => <span className="number">{formatValue(field, value, record)}</span>,
}
