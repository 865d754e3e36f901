import { Select, Switch, TextInput } from '@mantine/core'
import { type Definition, said } from './definition.ts'
import { words } from './texts.ts'

interface Props {
  readonly value: Definition
  readonly isNew: boolean
  readonly onChange: (patch: Partial<Definition>) => void
}

const formats: Readonly<Record<string, string>> = { date: words.defaultDateHint, datetime: words.defaultTimeHint }

/** What the field begins with, and whether something must be in it. */
export function Default({ value, isNew, onChange }: Props) {
  const { kind } = value
  // A record that is right for everybody is in no definition.
  if (kind === 'many2one') return null
  const set = (text: string | null): void => onChange({ default: text, ...(text ? {} : { required: false }) })
  const hint = [formats[kind], isNew ? words.defaultHint : undefined].filter(Boolean).join(' ') || undefined
  const kept = value.options.filter((option) => option.value !== undefined)
  if (kind === 'selection' && kept.length === 0) return null
  const choices =
    kind === 'boolean'
      ? [
          { value: 'true', label: words.yes },
          { value: 'false', label: words.no },
        ]
      : kept.map((option) => ({ value: option.value!, label: said(option.label) }))
  return (
    <>
      {kind === 'boolean' || kind === 'selection' ? (
        <Select
          label={words.default}
          description={hint}
          placeholder={words.nothing}
          value={value.default}
          onChange={set}
          data={choices}
          clearable
          comboboxProps={{ withinPortal: true }}
        />
      ) : (
        <TextInput
          label={words.default}
          description={hint}
          value={value.default ?? ''}
          onChange={(event) => set(event.currentTarget.value || null)}
        />
      )}
      {kind !== 'boolean' && (
        <Switch
          label={words.required}
          description={words.requiredHint}
          checked={value.required}
          disabled={!value.default}
          onChange={(event) => onChange({ required: event.currentTarget.checked })}
        />
      )}
    </>
  )
}
