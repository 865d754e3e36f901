import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { forgetViews } from '../../data/views.ts'
import { formatMoment } from '../../format.ts'
import { useTexts } from '../../i18n/index.ts'
import { follow } from '../../location.ts'
import { call } from '../../rpc.ts'
import { confirm } from '../../ui/confirm.tsx'
import { openDialogue } from '../../ui/dialogue.tsx'
import { tell, tellFailure } from '../../ui/notify.ts'
import { Empty, Failure, FormSkeleton } from '../../ui/states.tsx'
import { Section } from '../Section.tsx'
import '../settings.css'
import { type Field, type Overview, said } from './definition.ts'
import { DeleteField } from './DeleteField.tsx'
import { FieldForm } from './FieldForm.tsx'
import './fields.css'
import { words } from './texts.ts'

/** The fields that people of this instance made for themselves, by what they belong to. */
export function FieldsPage() {
  useEffect(() => {
    document.title = `${words.title} · ERP4`
  }, [])
  const { data, error, refetch } = useQuery({
    queryKey: ['custom fields'],
    queryFn: () => call<Overview>('ir.model.fields', 'custom_overview', []),
    // What is being made appears by itself.
    refetchInterval: ({ state }) => (state.data?.fields.some(({ phase, problem }) => phase === 'asked' && !problem) ? 2_000 : false),
  })
  const again = async (model: string): Promise<void> => {
    forgetViews(model)
    await refetch()
  }
  const open = async (field?: Field): Promise<void> => {
    if (!data) return
    await openDialogue(
      field ? words.editNamed(said(field.label)) : words.newField,
      (close) => <FieldForm overview={data} field={field} onSaved={(model) => void again(model).then(close)} />,
      760,
    )
  }
  const makeButton = <Button onClick={() => void open()}>{words.newField}</Button>
  const shown = data?.models.map((model) => ({ model, fields: data.fields.filter((field) => field.model === model.model) })) ?? []
  return (
    <div className="settings-page">
      <div>
        <a className="soft" {...follow('/odoo/settings')}>
          ‹ {words.backToSettings}
        </a>
        <div className="settings-card-head">
          <h1>{words.title}</h1>
          {data && data.fields.length > 0 && makeButton}
        </div>
        <p className="soft">{words.hint}</p>
      </div>
      {error ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : !data ? (
        <FormSkeleton />
      ) : data.fields.length === 0 ? (
        <Empty title={words.none} hint={words.noneHint} action={makeButton} />
      ) : (
        shown
          .filter(({ fields }) => fields.length > 0)
          .map(({ model, fields }) => (
            <Section key={model.model} title={model.label}>
              <ul className="settings-rows fields-list">
                {fields.map((field) => (
                  <Row
                    key={field.id}
                    field={field}
                    places={model.places}
                    onEdit={() => void open(field)}
                    onDone={() => void again(field.model)}
                  />
                ))}
              </ul>
            </Section>
          ))
      )}
    </div>
  )
}

interface RowProps {
  readonly field: Field
  readonly places: readonly { readonly name: string; readonly label: string }[]
  readonly onEdit: () => void
  readonly onDone: () => void
}

function Row({ field, places, onEdit, onDone }: RowProps) {
  const label = said(field.label)
  return (
    <li>
      <span className="settings-row-text">
        <strong>{label}</strong>
        {field.phase !== 'ready' && <span className="settings-badge">{words.phases[field.phase]}</span>}
        <span className="soft">{[field.name, words.kinds[field.kind], ...placesOf(field, places)].join(' · ')}</span>
        {field.problem && (
          <span className="fields-problem">
            {words.problem}: {field.problem}
          </span>
        )}
      </span>
      <span className="settings-buttons">
        <Buttons field={field} onEdit={onEdit} onDone={onDone} />
      </span>
    </li>
  )
}

function placesOf({ phase, deleteAfter, form, list, search }: Field, places: RowProps['places']): string[] {
  if (phase === 'deleted' && deleteAfter) return [words.keptUntil(formatMoment(deleteAfter))]
  if (phase !== 'ready') return []
  const anchor = places.find(({ name }) => form === `after:${name}`)
  return [
    ...(form === 'none' ? [] : [anchor ? words.after(anchor.label) : words.inTab]),
    ...(list === 'no' ? [] : [words.inLists[list]!]),
    ...(search ? [words.inSearch] : []),
  ]
}

function Buttons({ field, onEdit, onDone }: Omit<RowProps, 'places'>) {
  const t = useTexts()
  const label = said(field.label)
  const act = async (method: string, message: string): Promise<void> => {
    try {
      await call('ir.model.fields', method, [[field.id]])
      tell(message)
    } catch (error) {
      tellFailure(error, t)
    }
    onDone()
  }
  const countValues = async (): Promise<number> =>
    (await call<Record<string, number>>('ir.model.fields', 'count_values', [[field.id]]))[field.id] ?? 0
  const archive = async (): Promise<void> => {
    try {
      const count = await countValues()
      if (await confirm(words.archiveQuestion(label), words.archiveHint(count), words.archive)) await act('archive_field', words.archived)
    } catch (error) {
      tellFailure(error, t)
    }
  }
  const remove = async (): Promise<void> => {
    try {
      const count = await countValues()
      await openDialogue(words.removeTitle(label), (close) => (
        <DeleteField field={field} count={count} onDone={() => (close(), onDone())} />
      ))
    } catch (error) {
      tellFailure(error, t)
    }
  }
  const isGone = field.phase === 'archived' || field.phase === 'deleted'
  const button = (word: string, name: string, work: () => void) => (
    <Button key={word} size="compact-sm" variant="default" aria-label={name} onClick={work}>
      {word}
    </Button>
  )
  return (
    <>
      {field.phase === 'asked' &&
        field.problem &&
        button(words.retry, words.retryNamed(label), () => void act('retry_field', words.notYet))}
      {field.phase === 'ready' && button(words.edit, words.editNamed(label), onEdit)}
      {field.phase === 'ready' && button(words.archive, words.archiveNamed(label), () => void archive())}
      {isGone && button(words.restore, words.restoreNamed(label), () => void act('restore_field', words.restored))}
      {field.phase !== 'deleted' && button(words.remove, words.removeNamed(label), () => void remove())}
    </>
  )
}
