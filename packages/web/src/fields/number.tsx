import { type ReactNode, useState } from 'react'
import type { FieldMeta } from '@erp4/orm/views-types'
import { currencyIn, formatInteger, formatNumber, formatValue, parseNumber, priceDigits } from '../format.ts'
import { useTexts } from '../i18n/index.ts'
import type { Currency } from '../start.ts'
import type { EditProps, FieldWidget } from './widget.ts'
import { inputProps } from './widget.ts'

/** Shows the number in the locale's way and takes it so; what is no number stays until it is mended, and nothing is saved. */
function NumberEdit(props: EditProps) {
  const { value, onChange, field, record, compact } = props
  const t = useTexts()
  const [draft, setDraft] = useState<string | null>(null)
  const known = typeof value === 'number' ? value : undefined
  const currency = isAmount(field) ? currencyIn(field, record) : undefined
  const shown = known === undefined ? '' : asTyped(field, known, currency)
  const isWrong = draft !== null && draft.trim() !== '' && read(draft, field.type) === undefined
  return (
    <>
      <Signed currency={compact ? undefined : currency}>
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
      </Signed>
      {isWrong && (
        <span className="problem" role="alert">
          {t.notANumber}
        </span>
      )}
    </>
  )
}

const isAmount = (field: FieldMeta): boolean => field.type === 'monetary' || field.currency_field !== undefined

function asTyped(field: FieldMeta, value: number, currency: Currency | undefined): string {
  if (field.type === 'integer') return field.ungrouped ? String(value) : formatInteger(value)
  return isAmount(field) ? priceDigits(value, currency, field.digits?.[1] ?? 2) : formatNumber(value, field.digits?.[1])
}

/** An amount's input with the sign of its currency on the side where it is written. */
function Signed({ currency, children }: { readonly currency: Currency | undefined; readonly children: ReactNode }) {
  if (!currency) return children
  return (
    <span className={`signed ${currency.position}`}>
      {children}
      <span className="sign">{currency.symbol}</span>
    </span>
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
