import { Button, Code, CopyButton, Select, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { formatMoment } from '../format.ts'
import { useTexts } from '../i18n/index.ts'
import { call } from '../rpc.ts'
import { start } from '../start.ts'
import { confirm } from '../ui/confirm.tsx'
import { openDialogue } from '../ui/dialogue.tsx'
import { tellFailure } from '../ui/notify.ts'
import { Failure } from '../ui/states.tsx'
import { passwordProblem } from './password-problem.ts'
import { Section } from './Section.tsx'
import { words } from './texts.ts'

interface Key {
  readonly id: number
  readonly name: string
  readonly expiration_date: string | false
  readonly last_used: string | false
}

/** The keys with which programs sign in for this person. */
export function Keys() {
  const t = useTexts()
  const client = useQueryClient()
  const { data, error, refetch } = useQuery({
    queryKey: ['keys'],
    queryFn: () =>
      call<Key[]>('res.users.apikeys', 'search_read', [[['user_id', '=', start.session.uid]], ['name', 'expiration_date', 'last_used']]),
  })
  const again = () => client.invalidateQueries({ queryKey: ['keys'] })
  const remove = async ({ id, name }: Key): Promise<void> => {
    if (!(await confirm(words.removeKeyQuestion(name), words.removeKeyHint, words.removeKey, 'danger'))) return
    try {
      await call('res.users.apikeys', 'remove', [[id]])
      await again()
    } catch (problem) {
      tellFailure(problem, t)
    }
  }
  const create = async (): Promise<void> => {
    await openDialogue(words.newKey, (close) => <NewKey onDone={close} />)
    await again()
  }
  return (
    <Section
      title={words.keys}
      hint={words.keysHint}
      action={
        <Button size="compact-sm" variant="default" onClick={() => void create()}>
          {words.newKey}
        </Button>
      }
    >
      {error ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : data?.length === 0 ? (
        <p className="soft">{words.noKeys}</p>
      ) : (
        <ul className="settings-rows">
          {data?.map((key) => (
            <li key={key.id}>
              <span className="settings-row-text">
                <strong>{key.name}</strong>
                <span className="soft">
                  {[
                    key.expiration_date ? words.keyGoodUntil(formatMoment(key.expiration_date)) : words.keyGoodForEver,
                    key.last_used ? words.keyUsed(formatMoment(key.last_used)) : words.keyNeverUsed,
                  ].join(' · ')}
                </span>
              </span>
              <Button size="compact-sm" variant="default" aria-label={words.removeKeyNamed(key.name)} onClick={() => void remove(key)}>
                {words.removeKey}
              </Button>
            </li>
          ))}
        </ul>
      )}
    </Section>
  )
}

type Step =
  | { readonly at: 'describe' }
  /** The server wants the password first; `check` is its question. */
  | { readonly at: 'confirm'; readonly check: number }
  | { readonly at: 'ready'; readonly key: string }

interface Answer {
  readonly res_model?: string
  readonly res_id?: number
  readonly context?: { readonly default_key?: string }
}

/** What a new key is for, who asks for it where the server wants to know, and the key, once. */
function NewKey({ onDone }: { onDone: () => void }) {
  const [step, setStep] = useState<Step>({ at: 'describe' })
  const take = ({ res_model, res_id, context }: Answer): void =>
    setStep(
      res_model === 'res.users.identitycheck' && res_id !== undefined
        ? { at: 'confirm', check: res_id }
        : { at: 'ready', key: context?.default_key ?? '' },
    )
  if (step.at === 'describe') return <Describe onAnswer={take} />
  if (step.at === 'confirm') return <Confirm check={step.check} onAnswer={take} />
  return (
    <div className="settings-form">
      <p>{words.keyReadyHint}</p>
      <Code block className="settings-key" tabIndex={0} aria-label={words.keyReady}>
        {step.key}
      </Code>
      <div className="settings-buttons">
        <CopyButton value={step.key}>
          {({ copied, copy }) => (
            <Button variant="default" onClick={copy}>
              {copied ? words.copied : words.copyKey}
            </Button>
          )}
        </CopyButton>
        <Button onClick={onDone}>{words.done}</Button>
      </div>
    </div>
  )
}

function Describe({ onAnswer }: { onAnswer: (answer: Answer) => void }) {
  const t = useTexts()
  const [life, setLife] = useState<string | null>('90')
  // Only administrators may make keys for longer than three months.
  const lives = Object.entries(words.keyLife).filter(([days]) => start.session.is_system || (Number(days) > 0 && Number(days) <= 90))
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault()
    const name = String(new FormData(event.currentTarget).get('name') ?? '').trim()
    try {
      const id = await call<number>('res.users.apikeys.description', 'create', [{ name, duration: life }])
      onAnswer(await call<Answer>('res.users.apikeys.description', 'make_key', [[id]]))
    } catch (error) {
      tellFailure(error, t)
    }
  }
  return (
    <form className="settings-form" onSubmit={(event) => void submit(event)}>
      <TextInput
        name="name"
        label={words.keyFor}
        description={words.keyForHint}
        maxLength={100}
        required
        withAsterisk={false}
        data-autofocus
      />
      <Select
        label={words.keyLasts}
        value={life}
        onChange={setLife}
        allowDeselect={false}
        data={lives.sort(([a], [b]) => (Number(a) || 1e9) - (Number(b) || 1e9)).map(([value, label]) => ({ value, label }))}
        comboboxProps={{ withinPortal: true }}
      />
      <Button type="submit">{words.makeKey}</Button>
    </form>
  )
}

function Confirm({ check, onAnswer }: { check: number; onAnswer: (answer: Answer) => void }) {
  const t = useTexts()
  const [problem, setProblem] = useState('')
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault()
    const password = String(new FormData(event.currentTarget).get('password') ?? '')
    try {
      onAnswer(await call<Answer>('res.users.identitycheck', 'run_check', [[check]], { context: { password } }))
    } catch (error) {
      const found = passwordProblem(error)
      if (found !== undefined) setProblem(found)
      else tellFailure(error, t)
    }
  }
  return (
    <form className="settings-form" onSubmit={(event) => void submit(event)}>
      <p>{words.confirmIdentityHint}</p>
      <TextInput
        name="password"
        type="password"
        autoComplete="current-password"
        label={words.oldPassword}
        error={problem}
        required
        withAsterisk={false}
        data-autofocus
      />
      <Button type="submit">{words.confirmGoOn}</Button>
    </form>
  )
}
