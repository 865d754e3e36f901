import { ActionIcon, Button, TextInput } from '@mantine/core'
import { IconArrowUp, IconX } from '../../ui/icons.ts'
import { type Option, languages } from './definition.ts'
import { words } from './texts.ts'

/** The options of a choice, in their order, in every language. */
export function Options({ options, onChange }: { options: readonly Option[]; onChange: (options: readonly Option[]) => void }) {
  const change = (at: number, code: string, text: string): void =>
    onChange(options.map((option, i) => (i === at ? { ...option, label: { ...option.label, [code]: text } } : option)))
  return (
    <fieldset className="fields-where">
      <legend>{words.options}</legend>
      <p className="soft">{words.optionsHint}</p>
      <ol className="fields-options">
        {options.map((option, i) => (
          <li key={option.value ?? `new-${i}`}>
            {languages.map(({ code, name }) => (
              <TextInput
                key={code}
                aria-label={words.optionIn(i + 1, name)}
                placeholder={name}
                value={option.label[code] ?? ''}
                maxLength={100}
                onChange={(event) => change(i, code, event.currentTarget.value)}
              />
            ))}
            <ActionIcon
              variant="subtle"
              color="gray"
              disabled={i === 0}
              aria-label={words.moveUp(i + 1)}
              onClick={() => onChange(options.toSpliced(i, 1).toSpliced(i - 1, 0, option))}
            >
              <IconArrowUp size={16} />
            </ActionIcon>
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={words.removeOption(i + 1)}
              onClick={() => onChange(options.toSpliced(i, 1))}
            >
              <IconX size={16} />
            </ActionIcon>
          </li>
        ))}
      </ol>
      <Button size="compact-sm" variant="default" onClick={() => onChange([...options, { label: {} }])}>
        {words.addOption}
      </Button>
    </fieldset>
  )
}
