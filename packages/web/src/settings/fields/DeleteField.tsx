import { Button, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { formatMoment } from '../../format.ts'
import { useTexts } from '../../i18n/index.ts'
import { call } from '../../rpc.ts'
import { tell, tellFailure } from '../../ui/notify.ts'
import type { Field } from './definition.ts'
import { words } from './texts.ts'

/** Asks once more, by the name, before a field and its values go. */
export function DeleteField({ field, count, onDone }: { field: Field; count: number; onDone: () => void }) {
  const t = useTexts()
  const [typed, setTyped] = useState('')
  const remove = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    try {
      const until = await call<string>('ir.model.fields', 'delete_field', [[field.id], typed.trim()])
      tell(words.removed(formatMoment(until)))
      onDone()
    } catch (error) {
      tellFailure(error, t)
    }
  }
  return (
    <form className="settings-form" onSubmit={(event) => void remove(event)}>
      <p>{words.removeHint(count)}</p>
      <TextInput
        label={words.typeName(field.name)}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
        autoComplete="off"
        spellCheck={false}
        data-autofocus
      />
      <Button type="submit" color="red.9" c="#fff" data-danger disabled={typed.trim() !== field.name}>
        {words.remove}
      </Button>
    </form>
  )
}
