import { Button, Group, Modal } from '@mantine/core'
import { type ReactNode, useId, useState, useSyncExternalStore } from 'react'
import { useTexts } from '../i18n/index.ts'
import { start } from '../start.ts'

interface Asking {
  readonly promise: Promise<boolean>
  readonly answer: (isGiven: boolean) => void
}

/** A question for the password that calls wait for: all that are refused meanwhile wait for the one answer, and are then asked again. */
export class Question {
  #asking: Asking | null = null
  readonly #listeners = new Set<() => void>()

  get asking(): Asking | null {
    return this.#asking
  }

  /** Resolves with whether the password was given. */
  readonly ask = (): Promise<boolean> => {
    if (this.#asking) return this.#asking.promise
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const answer = (isGiven: boolean): void => {
      this.#set(null)
      resolve(isGiven)
    }
    this.#set({ promise, answer })
    return promise
  }

  #set(next: Asking | null): void {
    this.#asking = next
    for (const tell of this.#listeners) tell()
  }

  readonly subscribe = (tell: () => void): (() => void) => {
    this.#listeners.add(tell)
    return () => this.#listeners.delete(tell)
  }
}

interface Props {
  readonly question: Question
  readonly title: string
  readonly hint: string
  /** Of the button. */
  readonly label: string
  readonly aside?: ReactNode
  readonly send: (password: string) => Promise<unknown>
  /** What is said where `send` throws. */
  readonly explain: (error: unknown) => string
}

/** The dialogue for it, in front of whatever one was doing. */
export function PasswordQuestion({ question, title, hint, label, aside, send, explain }: Props) {
  const t = useTexts()
  const id = useId()
  const asked = useSyncExternalStore(question.subscribe, () => question.asking)
  const [problem, setProblem] = useState<string | null>(null)
  const [isBusy, setBusy] = useState(false)
  const answer = (isGiven: boolean): void => {
    setProblem(null)
    asked?.answer(isGiven)
  }
  const submit = async (event: React.FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault()
    const password = new FormData(event.currentTarget).get('password')
    setBusy(true)
    try {
      await send(String(password ?? ''))
      answer(true)
    } catch (error) {
      setProblem(explain(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <Modal
      opened={asked !== null}
      onClose={() => answer(false)}
      closeOnClickOutside={false}
      title={title}
      centered
      zIndex={400}
      closeButtonProps={{ 'aria-label': t.close }}
    >
      <form className="sign-in-again" onSubmit={(event) => void submit(event)}>
        <p>{hint}</p>
        <input
          type="text"
          name="login"
          autoComplete="username"
          value={start.session.username}
          readOnly
          aria-label={t.signInAs}
          className="input"
        />
        <label className="label" htmlFor={`${id}-password`}>
          {t.password}
        </label>
        <input
          id={`${id}-password`}
          name="password"
          type="password"
          autoComplete="current-password"
          className="input"
          required
          data-autofocus
          aria-invalid={problem !== null || undefined}
          aria-describedby={problem === null ? undefined : `${id}-problem`}
        />
        {problem !== null && (
          <p className="problem" id={`${id}-problem`} role="alert">
            {problem}
          </p>
        )}
        <Group justify="space-between" gap="xs" mt="md">
          {aside ?? <span />}
          <Button type="submit" loading={isBusy}>
            {label}
          </Button>
        </Group>
      </form>
    </Modal>
  )
}
