import { Button, Group, Modal } from '@mantine/core'
import { useEffect, useState, useSyncExternalStore } from 'react'
import { useTexts } from '../i18n/index.ts'
import { onSignedOut, signIn } from '../rpc.ts'
import { start } from '../start.ts'
import { explain } from '../ui/states.tsx'

let asking: { readonly promise: Promise<boolean>; readonly answer: (isSignedIn: boolean) => void } | null = null
const listeners = new Set<() => void>()

function set(next: typeof asking): void {
  asking = next
  for (const tell of listeners) tell()
}

/** All that was refused meanwhile waits for the one answer, and is then asked again. */
function ask(): Promise<boolean> {
  if (asking) return asking.promise
  const { promise, resolve } = Promise.withResolvers<boolean>()
  set({
    promise,
    answer: (isSignedIn) => {
      set(null)
      resolve(isSignedIn)
    },
  })
  return promise
}

const subscribe = (tell: () => void): (() => void) => {
  listeners.add(tell)
  return () => listeners.delete(tell)
}

/** When a session ends, its person signs in again in front of what he was doing, and what he did last goes on. */
export function SignInAgain() {
  const t = useTexts()
  const asked = useSyncExternalStore(subscribe, () => asking)
  const [problem, setProblem] = useState<string | null>(null)
  const [isBusy, setBusy] = useState(false)
  useEffect(() => onSignedOut(ask), [])
  const submit = async (event: React.FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault()
    const password = new FormData(event.currentTarget).get('password')
    setBusy(true)
    try {
      await signIn(String(password ?? ''))
      setProblem(null)
      asked?.answer(true)
    } catch (error) {
      setProblem(explain(error, t).hint)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Modal
      opened={asked !== null}
      onClose={() => asked?.answer(false)}
      closeOnClickOutside={false}
      title={t.signedOut}
      centered
      zIndex={400}
      closeButtonProps={{ 'aria-label': t.close }}
    >
      <form className="sign-in-again" onSubmit={(event) => void submit(event)}>
        <p>{t.signInHere}</p>
        <input
          type="text"
          name="login"
          autoComplete="username"
          value={start.session.username}
          readOnly
          aria-label={t.signInAs}
          className="input"
        />
        <label className="label" htmlFor="sign-in-password">
          {t.password}
        </label>
        <input
          id="sign-in-password"
          name="password"
          type="password"
          autoComplete="current-password"
          className="input"
          required
          data-autofocus
          aria-invalid={problem !== null || undefined}
          aria-describedby={problem === null ? undefined : 'sign-in-problem'}
        />
        {problem !== null && (
          <p className="problem" id="sign-in-problem" role="alert">
            {problem}
          </p>
        )}
        <Group justify="space-between" gap="xs" mt="md">
          <a href={`/web/login?redirect=${encodeURIComponent(location.pathname + location.search)}`}>{t.toSignInPage}</a>
          <Button type="submit" loading={isBusy}>
            {t.signInAgain}
          </Button>
        </Group>
      </form>
    </Modal>
  )
}
