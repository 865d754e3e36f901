import { useEffect, useRef } from 'react'
import type { EditProps, FieldWidget, ShowProps } from './widget.ts'
import { inputProps } from './widget.ts'

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

function CharEdit(props: EditProps) {
  const { value, onChange, field, shown } = props
  return (
    <input
      {...inputProps(props)}
      className="input"
      value={textOf(value)}
      placeholder={shown.placeholder}
      {...(field.size ? { maxLength: field.size } : {})}
      autoComplete="off"
      onChange={(event) => onChange(event.target.value === '' ? false : event.target.value)}
    />
  )
}

export const char: FieldWidget = { Edit: CharEdit }

/** A secret that can be set and never read: what is there is not told. */
function SecretEdit(props: EditProps) {
  const { value, onChange } = props
  return (
    <input
      {...inputProps(props)}
      className="input"
      type="password"
      value={textOf(value)}
      placeholder="••••••••"
      autoComplete="new-password"
      onChange={(event) => onChange(event.target.value)}
    />
  )
}

export const secret: FieldWidget = { Edit: SecretEdit }

// Elsewhere its height is measured at each key.
const growsByItself = CSS.supports('field-sizing', 'content')

/** Grows with what is written in it. */
function TextEdit(props: EditProps) {
  const { value, onChange, shown } = props
  const area = useRef<HTMLTextAreaElement>(null)
  useEffect(() => {
    const { current } = area
    if (!current || growsByItself) return
    current.style.height = 'auto'
    current.style.height = `${Math.min(current.scrollHeight + 2, 480)}px`
  }, [value])
  return (
    <textarea
      {...inputProps(props)}
      ref={area}
      className="input"
      rows={props.compact ? 1 : 3}
      data-compact={props.compact || undefined}
      value={textOf(value)}
      placeholder={shown.placeholder}
      onChange={(event) => onChange(event.target.value === '' ? false : event.target.value)}
    />
  )
}

export const text: FieldWidget = { Edit: TextEdit, Show: ({ value }) => <span className="multiline">{textOf(value)}</span> }

const link = (scheme: string, hrefOf: (value: string) => string) =>
  function Link({ value }: ShowProps) {
    const shown = textOf(value)
    if (shown === '') return null
    const href = hrefOf(shown)
    return (
      <a
        href={href}
        rel="noopener noreferrer"
        {...(scheme === 'http' ? { target: '_blank' } : {})}
        onClick={(event) => event.stopPropagation()}
      >
        {shown}
      </a>
    )
  }

export const email: FieldWidget = {
  Edit: CharEdit,
  Show: link('mailto', (value) => `mailto:${encodeURIComponent(value).replaceAll('%40', '@')}`),
}
export const phone: FieldWidget = { Edit: CharEdit, Show: link('tel', (value) => `tel:${value.replaceAll(/[^+\d]/g, '')}`) }
/** Addresses without a scheme are the web's; other schemes than the web's are not followed. */
export const url: FieldWidget = {
  Edit: CharEdit,
  Show: link('http', (value) => (/^https?:\/\//i.test(value) ? value : `https://${value.replace(/^[a-z][a-z0-9+.-]*:/i, '')}`)),
}
