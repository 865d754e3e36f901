import { Button, SegmentedControl, Select } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useId, useRef, useState } from 'react'
import type { FieldMeta } from '@erp4/orm/views-types'
import { touch } from '../data/touched.ts'
import { RichText } from '../fields/html.tsx'
import type { Linked } from '../fields/links.ts'
import { NamePicker } from '../fields/many2one.tsx'
import { useTexts } from '../i18n/index.ts'
import { Refusal, call } from '../rpc.ts'
import type { RichHandle } from '../rich/RichEditor.tsx'
import { start } from '../start.ts'
import { tell, tellFailure } from '../ui/notify.ts'
import { Failure, FormSkeleton } from '../ui/states.tsx'
import { Body } from './Body.tsx'
import type { Written } from './letter.ts'
import { languageName, words } from './texts.ts'

/** As `mail.template.texts_read` tells it. */
interface Told {
  readonly model: string
  readonly texts: Readonly<Record<string, Written>>
  /** What it came with; null where it came with no app. */
  readonly original: Readonly<Record<string, Written>> | null
  readonly places: readonly { readonly path: string; readonly label: string }[]
}

/** The texts of a template in each language, beside what a letter about a real record would say. */
export function Template({ id }: { id: number }) {
  const { data, error, refetch } = useQuery({
    queryKey: ['template', id],
    queryFn: async () => {
      const told = await call<Told>('mail.template', 'texts_read', [[id]])
      const [example] = await call<Linked[]>(told.model, 'search_read', [[], ['display_name']], { limit: 1, order: 'id desc' }).catch(
        () => [],
      )
      return { told, example: example ?? null }
    },
    gcTime: 0,
    staleTime: Infinity,
  })
  if (error) return <Failure error={error} retry={() => void refetch()} />
  if (!data) return <FormSkeleton />
  return <Editor key={JSON.stringify(data.told.texts)} id={id} told={data.told} example={data.example} onChanged={() => void refetch()} />
}

function Editor({ id, told, example, onChanged }: { id: number; told: Told; example: Linked | null; onChanged: () => void }) {
  const t = useTexts()
  const name = useId()
  const [texts, setTexts] = useState(told.texts)
  const [lang, setLang] = useState(start.languages.find(({ code }) => code in told.texts)?.code ?? 'en_US')
  const [record, setRecord] = useState<Linked | null>(example)
  const [problem, setProblem] = useState<string | null>(null)
  const [isBusy, setBusy] = useState(false)
  const subject = useRef<HTMLInputElement>(null)
  const body = useRef<RichHandle>(null)
  const [isInSubject, setInSubject] = useState(false)
  const text = texts[lang] ?? { subject: '', body: '' }
  const write = (change: Partial<Written>): void => {
    setProblem(null)
    setTexts((now) => ({ ...now, [lang]: { ...text, ...change } }))
  }
  const insert = (path: string): void => {
    const place = subject.current
    if (!isInSubject || !place) return body.current?.insert(`{{ ${path} }}`)
    place.focus()
    place.setRangeText(`{{ ${path} }}`, place.selectionStart ?? 0, place.selectionEnd ?? 0, 'end')
    // As if it were typed: what holds the text hears of it by its own event.
    place.dispatchEvent(new Event('input', { bubbles: true }))
  }
  const save = async (): Promise<void> => {
    setBusy(true)
    try {
      await call('mail.template', 'texts_write', [[id]], { texts })
      tell(words.templateSaved)
      touch({ model: 'mail.template', id })
      onChanged()
    } catch (error) {
      if (error instanceof Refusal) setProblem(error.message)
      else tellFailure(error, t)
    } finally {
      setBusy(false)
    }
  }
  const { original } = told
  const isAt = (other: Told['texts']): boolean =>
    Object.entries(other).every(([code, one]) => texts[code]?.subject === one.subject && texts[code].body === one.body)
  const isOriginal = original !== null && isAt(original)
  const recordField: FieldMeta = { name: 'res_id', type: 'many2one', string: words.previewWith, relation: told.model }
  return (
    <form
      className="letter-columns"
      onSubmit={(event) => (event.preventDefault(), void save())}
      onKeyDown={(event) => {
        if ((event.key === 'Enter' || event.key === 's') && (event.ctrlKey || event.metaKey)) {
          event.preventDefault()
          event.stopPropagation()
          void save()
        }
      }}
    >
      <div className="letter">
        <SegmentedControl
          aria-label={words.writtenIn}
          value={lang}
          onChange={setLang}
          data={start.languages.map(({ code }) => ({ value: code, label: languageName(code) }))}
        />
        <div className="letter-field">
          <label className="label" htmlFor={`${name}-subject`}>
            {words.subject}
          </label>
          <input
            id={`${name}-subject`}
            className="input"
            required
            maxLength={300}
            lang={lang.slice(0, 2)}
            value={text.subject}
            onChange={(event) => write({ subject: event.target.value })}
            ref={subject}
            onFocus={() => setInSubject(true)}
          />
        </div>
        <Body
          key={lang}
          id={`${name}-body`}
          lang={lang}
          html={text.body}
          rows={12}
          problem={problem}
          onChange={(body) => write({ body })}
          onFocus={() => setInSubject(false)}
          ref={body}
        />
        {problem && (
          <p className="letter-problem" role="alert" id={`${name}-body-problem`}>
            {problem}
          </p>
        )}
        <Select
          aria-label={words.insertField}
          placeholder={words.insertField}
          searchable
          clearable={false}
          value={null}
          data={told.places.map(({ path, label }) => ({ value: path, label: `${label} – {{ ${path} }}` }))}
          nothingFoundMessage={t.nothingFound}
          limit={100}
          onChange={(path) => path && insert(path)}
        />
        <div className="letter-foot">
          <Button type="submit" loading={isBusy}>
            {t.save}
          </Button>
          {original && !isOriginal && (
            <Button variant="default" onClick={() => (setProblem(null), setTexts((now) => ({ ...now, ...original })))}>
              {words.reset}
            </Button>
          )}
          {original && (
            <span className="soft small" role="status">
              {!isOriginal ? words.isChanged : isAt(told.texts) ? words.isOriginal : words.resetHint}
            </span>
          )}
        </div>
      </div>
      <section className="letter-preview" aria-label={words.preview}>
        <div className="letter-field">
          <label className="label" htmlFor={`${name}-record`}>
            {words.previewWith}
          </label>
          <NamePicker
            edit={{
              field: recordField,
              shown: { tag: 'field', field: 'res_id' },
              id: `${name}-record`,
              value: record ?? false,
              record: {},
              required: false,
              onChange: () => undefined,
            }}
            shownName={record?.display_name ?? ''}
            onPick={setRecord}
          />
        </div>
        {record ? <Preview id={id} record={record.id} lang={lang} text={text} /> : <p className="soft">{words.chooseRecord}</p>}
      </section>
    </form>
  )
}

function Preview({ id, record, lang, text }: { id: number; record: number; lang: string; text: Written }) {
  const t = useTexts()
  const [asked] = useDebouncedValue(text, 400)
  const { data, error } = useQuery({
    queryKey: ['template-preview', id, record, lang, asked],
    queryFn: () =>
      call<Written>('mail.template', 'texts_preview', [[id]], { res_id: record, lang, subject: asked.subject || ' ', body: asked.body }),
    placeholderData: keepPreviousData,
    retry: false,
    gcTime: 0,
  })
  if (error)
    return (
      <p className="letter-problem" role="status">
        {error.message}
      </p>
    )
  if (!data) return <p role="status">{t.loading}</p>
  return (
    <article className="letter-paper" lang={lang.slice(0, 2)}>
      <h3>{data.subject}</h3>
      <RichText html={data.body} />
    </article>
  )
}
