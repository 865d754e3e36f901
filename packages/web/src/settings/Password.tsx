import { Button, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useRef, useState } from 'react'
import { useTexts } from '../i18n/index.ts'
import { Refusal, call } from '../rpc.ts'
import { start } from '../start.ts'
import { tell, tellFailure } from '../ui/notify.ts'
import { passwordProblem } from './password-problem.ts'
import { words } from './texts.ts'

type Problems = { old?: string; fresh?: string; again?: string }

/** One's own password, changed with the old one. */
export function Password() {
  const t = useTexts()
  const { data: least = 12 } = useQuery({ queryKey: ['least password'], queryFn: () => call<number>('res.users', 'least_password', []) })
  const [problems, setProblems] = useState<Problems>({})
  const [isBusy, setBusy] = useState(false)
  const form = useRef<HTMLFormElement>(null)
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault()
    const fields = new FormData(event.currentTarget)
    const [old, fresh, again] = ['old', 'fresh', 'again'].map((name) => String(fields.get(name) ?? '')) as [string, string, string]
    if (fresh !== again) return setProblems({ again: words.notTheSame })
    setBusy(true)
    try {
      await call('res.users', 'change_password', [old, fresh])
      setProblems({})
      form.current?.reset()
      tell(words.passwordChanged)
    } catch (error) {
      const old = passwordProblem(error)
      if (old !== undefined) setProblems({ old })
      else if (error instanceof Refusal) setProblems({ fresh: error.message })
      else tellFailure(error, t)
    } finally {
      setBusy(false)
    }
  }
  return (
    <form ref={form} className="settings-form" onSubmit={(event) => void submit(event)}>
      <input hidden readOnly name="login" autoComplete="username" value={start.session.username} />
      <TextInput
        name="old"
        type="password"
        autoComplete="current-password"
        label={words.oldPassword}
        error={problems.old}
        required
        withAsterisk={false}
      />
      <TextInput
        name="fresh"
        type="password"
        autoComplete="new-password"
        label={words.newPassword}
        description={words.passwordHint(least)}
        error={problems.fresh}
        required
        withAsterisk={false}
      />
      <TextInput
        name="again"
        type="password"
        autoComplete="new-password"
        label={words.newPasswordAgain}
        error={problems.again}
        required
        withAsterisk={false}
      />
      <Button type="submit" loading={isBusy}>
        {words.changePassword}
      </Button>
    </form>
  )
}
