import { Button, Checkbox } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { changed } from '../data/views.ts'
import { useTexts } from '../i18n/index.ts'
import { call } from '../rpc.ts'
import { tell, tellFailure } from '../ui/notify.ts'
import { Failure } from '../ui/states.tsx'
import './settings.css'
import { words } from './texts.ts'

interface Group {
  readonly id: number
  readonly name: string
  readonly key: string
  readonly comment: string | false
  readonly all_implied_ids: readonly number[]
}

/** Whether somebody is from inside or outside comes before what he may do there. */
const kinds = ['base.group_user', 'base.group_portal', 'base.group_public']
const rank = ({ key }: Group): number => (kinds.includes(key) ? kinds.indexOf(key) : kinds.length)

type Deed = 'read' | 'create' | 'write' | 'unlink'
type Reach = 'all' | 'some' | 'none'

interface Preview {
  readonly gained: readonly { readonly key: string; readonly label: string; readonly help: string }[]
  readonly lost: readonly { readonly key: string; readonly label: string; readonly help: string }[]
  readonly changes: readonly {
    readonly model: string
    readonly label: string
    readonly operation: Deed
    readonly before: Reach
    readonly after: Reach
  }[]
}

/** Chooses somebody's groups: each with what it means, and, before anything is changed, what would become of his rights. */
export function Rights({ user, onDone }: { user: number; onDone: () => void }) {
  const { data, error, refetch } = useQuery({
    queryKey: ['rights', user],
    queryFn: async () => {
      const [groups, [held]] = await Promise.all([
        call<Group[]>('res.groups', 'search_read', [[], ['name', 'key', 'comment', 'all_implied_ids']]),
        call<{ group_ids: number[] }[]>('res.users', 'read', [[user], ['group_ids']]),
      ])
      return { groups: groups.toSorted((a, b) => rank(a) - rank(b)), held: held?.group_ids ?? [] }
    },
    gcTime: 0,
    staleTime: Infinity,
  })
  const t = useTexts()
  if (error) return <Failure error={error} retry={() => void refetch()} />
  if (!data) return <p role="status">{t.loading}</p>
  return <Chooser user={user} {...data} onDone={onDone} />
}

function Chooser({ user, groups, held, onDone }: { user: number; groups: readonly Group[]; held: readonly number[]; onDone: () => void }) {
  const t = useTexts()
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set(held))
  const [isBusy, setBusy] = useState(false)
  const ids = [...chosen].sort((a, b) => a - b)
  const preview = useQuery({
    queryKey: ['rights preview', user, ids],
    queryFn: () => call<Preview>('res.users', 'preview_groups', [[user], ids]),
    placeholderData: (before) => before,
  })
  const implied = new Set(
    groups.filter(({ id }) => chosen.has(id)).flatMap(({ id, all_implied_ids }) => all_implied_ids.filter((one) => one !== id)),
  )
  const isSame = ids.length === held.length && ids.every((id) => held.includes(id))
  const apply = async (): Promise<void> => {
    setBusy(true)
    try {
      await call('res.users', 'write', [[user], { group_ids: [[6, 0, ids]] }])
      tell(words.rightsChanged)
      await changed()
      onDone()
    } catch (error) {
      tellFailure(error, t)
    } finally {
      setBusy(false)
    }
  }
  return (
    <div className="settings-form">
      <p className="soft">{words.rightsHint}</p>
      <ul className="rights">
        {groups.map(({ id, name, comment }) => (
          <li key={id}>
            <Checkbox
              label={name}
              description={[comment || '', ...(implied.has(id) && !chosen.has(id) ? [`(${words.implied})`] : [])].filter(Boolean).join(' ')}
              checked={chosen.has(id)}
              indeterminate={!chosen.has(id) && implied.has(id)}
              onChange={({ currentTarget: { checked } }) => {
                const next = new Set(chosen)
                if (checked) next.add(id)
                else next.delete(id)
                setChosen(next)
              }}
            />
          </li>
        ))}
      </ul>
      <section className="rights-diff" aria-live="polite" aria-labelledby="rights-diff">
        <h3 id="rights-diff">{words.whatChanges}</h3>
        {preview.error ? (
          <Failure error={preview.error} />
        ) : isSame ? (
          <p>{words.nothingChanges}</p>
        ) : (
          preview.data && <Difference {...preview.data} />
        )}
      </section>
      <Button disabled={isSame} loading={isBusy} onClick={() => void apply()}>
        {words.applyRights}
      </Button>
    </div>
  )
}

const most = 12
const reaches: Readonly<Record<Reach, number>> = { none: 0, some: 1, all: 2 }

function Difference({ gained, lost, changes }: Preview) {
  const byModel = (isGain: boolean): string[] => {
    const models = Map.groupBy(
      changes.filter(({ before, after }) => reaches[after] > reaches[before] === isGain),
      ({ model }) => model,
    )
    return [...models.values()].map((rows) => {
      const deeds = rows.map(({ operation, before, after }) => {
        const deed = words.deeds[operation]!
        return (isGain ? after : before) === 'some' || (!isGain && after === 'some') ? words.someOnly(deed) : deed
      })
      return (isGain ? words.gainsRight : words.losesRight)(deeds.join(', '), rows[0]!.label)
    })
  }
  return (
    <div className="rights-columns">
      {(
        [
          [words.gains, gained, byModel(true), '+'],
          [words.loses, lost, byModel(false), '−'],
        ] as const
      ).map(([title, groups, models, sign]) =>
        groups.length + models.length === 0 ? null : (
          <div key={title}>
            <h4>{title}</h4>
            <ul>
              {groups.map(({ key, label }) => (
                <li key={key}>
                  {sign} {label}
                </li>
              ))}
              {models.slice(0, most).map((line) => (
                <li key={line} className="soft">
                  {line}
                </li>
              ))}
              {models.length > most && <li className="soft">{words.andOthers(models.length - most)}</li>}
            </ul>
          </div>
        ),
      )}
    </div>
  )
}
