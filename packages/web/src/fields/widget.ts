import type { FC } from 'react'
import type { FieldMeta, ShownField } from '@erp4/orm/views-types'

export type Values = Readonly<Record<string, unknown>>

export interface ShowProps {
  readonly field: FieldMeta
  readonly shown: ShownField
  readonly value: unknown
  readonly record: Values
}

export interface EditProps extends ShowProps {
  /** Of the input, so that a label names it. */
  readonly id: string
  readonly onChange: (value: unknown) => void
  readonly required: boolean
  /** What is wrong with it, told below. */
  readonly problem?: string | undefined
  readonly autoFocus?: boolean
  /** In a row of a list: no room for more than the input. */
  readonly compact?: boolean
}

/** How a field is shown and changed. Without `Show` its text is enough; without `Edit` it is never changed by hand. */
export interface FieldWidget {
  readonly Show?: FC<ShowProps>
  readonly Edit?: FC<EditProps>
  /** Takes the whole width of a form, its label above. */
  readonly isWide?: boolean
}

/** What every input of a field needs to be understood by assistive technology. */
export const inputProps = ({ id, required, problem, autoFocus, field, compact }: EditProps) => ({
  id,
  'aria-required': required || undefined,
  'aria-invalid': problem !== undefined || undefined,
  ...(problem !== undefined ? { 'aria-describedby': `${id}-problem` } : {}),
  ...(compact ? { 'aria-label': field.string } : {}),
  ...(autoFocus ? { autoFocus: true } : {}),
})
