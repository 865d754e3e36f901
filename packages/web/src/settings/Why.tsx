import { Button, Select } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTexts } from '../i18n/index.ts'
import { call } from '../rpc.ts'
import { IconCheck, IconX } from '../ui/icons.ts'
import { tellFailure } from '../ui/notify.ts'
import './settings.css'
import { words } from './texts.ts'

interface Explanation {
  readonly allowed: boolean
  readonly because: string
  readonly rules: readonly {
    readonly kind: 'grant' | 'guard'
    readonly group: string | false
    readonly where: string | false
    readonly counts: boolean
    readonly holds: boolean
  }[]
  /** What nobody changes any more, and why. */
  readonly frozen: readonly { readonly says: string; readonly fields: readonly string[] }[]
  readonly closed: readonly string[]
}

/** Which rule lets a user do something to a record, or keeps him from it. */
export function Why({ model, id, name }: { model: string; id: number; name: string }) {
  const t = useTexts()
  const [text, setText] = useState('')
  const [asked] = useDebouncedValue(text, 200)
  const [user, setUser] = useState<string | null>(null)
  const [deed, setDeed] = useState('read')
  const [told, setTold] = useState<Explanation | null>(null)
  const users = useQuery({
    queryKey: ['users named', asked],
    queryFn: () => call<[number, string][]>('res.users', 'name_search', [asked], { limit: 50 }),
    placeholderData: (before) => before,
  })
  const ask = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    try {
      setTold(await call<Explanation>('res.users', 'explain_access', [[Number(user)], model, id, deed]))
    } catch (error) {
      tellFailure(error, t)
    }
  }
  return (
    <>
      <form className="settings-form" onSubmit={(event) => void ask(event)}>
        <p className="soft">{name}</p>
        <div className="why-question">
          <Select
            label={words.whyUser}
            data={(users.data ?? []).map(([value, label]) => ({ value: String(value), label }))}
            value={user}
            onChange={(value) => (setUser(value), setTold(null))}
            onSearchChange={setText}
            searchable
            nothingFoundMessage={t.nothingFound}
            required
            withAsterisk={false}
            data-autofocus
          />
          <Select
            label={words.whyDeed}
            data={Object.entries(words.deeds).map(([value, label]) => ({ value, label }))}
            value={deed}
            onChange={(value) => (value && setDeed(value), setTold(null))}
            allowDeselect={false}
          />
        </div>
        <Button type="submit" disabled={user === null}>
          {words.whyAsk}
        </Button>
      </form>
      <div aria-live="polite">{told && <Answer {...told} />}</div>
    </>
  )
}

function Answer({ allowed, because, rules, frozen, closed }: Explanation) {
  return (
    <div className="why-answer">
      <p className="why-verdict" data-allowed={allowed}>
        {allowed ? <IconCheck size={18} aria-hidden /> : <IconX size={18} aria-hidden />}
        <span>
          <strong>{allowed ? words.whyYes : words.whyNo}.</strong> {because}
        </span>
      </p>
      <h3>{words.whyRules}</h3>
      <ul className="why-rules">
        {rules.map(({ group, where, counts, holds }, i) => (
          <li key={i}>
            {holds && counts ? <IconCheck size={15} aria-label={words.fulfils} /> : <IconX size={15} aria-label={words.fulfilsNot} />}
            <span>
              {group ? words.forGroup(group) : words.forEverybody}
              {!counts && <span className="soft"> ({words.notMember})</span>}: {where || words.ifAny}
            </span>
          </li>
        ))}
      </ul>
      {frozen.length > 0 && (
        <>
          <h3>{words.keptFields}</h3>
          <ul className="why-kept">
            {frozen.map(({ says, fields }) => (
              <li key={says}>
                {says} <span className="soft">{fields.join(', ')}</span>
              </li>
            ))}
          </ul>
        </>
      )}
      {closed.length > 0 && (
        <>
          <h3>{words.closedFields}</h3>
          <p>{closed.join(', ')}</p>
        </>
      )}
    </div>
  )
}
