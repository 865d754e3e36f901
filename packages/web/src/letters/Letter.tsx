import { Button, SegmentedControl } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useId, useRef, useState } from 'react'
import { formatBytes, largestBytes, upload } from '../chatter/upload.ts'
import { locale } from '../format.ts'
import { useTexts } from '../i18n/index.ts'
import { call } from '../rpc.ts'
import { start } from '../start.ts'
import { tell, tellFailure, tellUndoable } from '../ui/notify.ts'
import { Failure, FormSkeleton } from '../ui/states.tsx'
import { Attached } from './Attached.tsx'
import { Body } from './Body.tsx'
import {
  type About,
  type Begun,
  type LetterDraft,
  type Written,
  begin,
  dropLetterDraft,
  emptyDraft,
  keepLetterDraft,
  readLetterDraft,
  recall,
  send,
} from './letter.ts'
import { openLetter } from './open.tsx'
import { Recipients } from './Recipients.tsx'
import { languageName, words } from './texts.ts'

/**
 * A letter with a document, before it goes: to whom, in which language, in which words and with what. What is written stays when the dialogue is
 * closed; what was sent can be taken back for some seconds.
 */
export function Letter({ about, onDone }: { about: About; onDone: () => void }) {
  const t = useTexts()
  const id = useId()
  const [draft, setDraft] = useState<LetterDraft>(() => readLetterDraft(about))
  const [shownLang, setShownLang] = useState<string | null>(null)
  const [busy, setBusy] = useState<string | null>(null)
  const [isOver, setOver] = useState(false)
  const isSent = useRef(false)
  const { data, error, refetch, isPlaceholderData } = useQuery({
    queryKey: ['letter', about.model, about.id, draft.to?.map((one) => one.id) ?? null, draft.lang],
    queryFn: () => begin(about, draft),
    // Who starts over must not go on with whom he had chosen.
    placeholderData: (before: Begun | undefined) => (draft === emptyDraft ? undefined : before),
    gcTime: 0,
  })
  const isTouched =
    draft !== emptyDraft && (draft.to !== null || draft.lang !== null || draft.files.length > 0 || Object.keys(draft.texts).length > 0)
  useEffect(() => {
    if (!isSent.current && isTouched) keepLetterDraft(about, draft)
  }, [about, draft, isTouched])
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />
  if (!data) return <FormSkeleton />

  const to = draft.to ?? data.recipients.map((one) => ({ id: one.id, display_name: one.name }))
  const letters = data.letters.map((one) => ({ ...one, ...draft.texts[one.lang] }))
  const shown = letters.find(({ lang }) => lang === shownLang) ?? letters[0]
  const silent = data.recipients.filter(({ email }) => !email)
  const isReady =
    letters.length > 0 && silent.length === 0 && !isPlaceholderData && busy === null && letters.every((one) => one.subject.trim() !== '')
  const write = (lang: string, change: Partial<Written>): void => {
    const { subject, body } = letters.find((one) => one.lang === lang)!
    setDraft((now) => ({ ...now, texts: { ...now.texts, [lang]: { subject, body, ...change } } }))
  }
  const startOver = (): void => {
    dropLetterDraft(about)
    setDraft(emptyDraft)
  }
  const attach = async (files: readonly File[]): Promise<void> => {
    for (const file of files) {
      if (file.size > largestBytes) {
        tellFailure(new Error(t.fileOver(file.name, formatBytes(largestBytes, locale))), t)
        continue
      }
      setBusy(t.uploading(file.name))
      try {
        const made = await upload(file, null)
        setDraft((now) => ({ ...now, files: [...now.files, { id: made, name: file.name }] }))
      } catch (problem) {
        tellFailure(problem, t)
      }
    }
    setBusy(null)
  }
  const detach = async (file: number): Promise<void> => {
    setDraft((now) => ({ ...now, files: now.files.filter((one) => one.id !== file) }))
    // It belongs to nothing yet; where the server is away, it stays its maker's own.
    await call('ir.attachment', 'unlink', [[file]]).catch(() => undefined)
  }
  const post = async (): Promise<void> => {
    if (!isReady) return
    setBusy(t.loading)
    try {
      const sent = await send(
        about,
        letters.map(({ lang, partners, subject, body }) => ({ lang, partners, subject: subject.trim(), body })),
        draft.files.map((file) => file.id),
      )
      isSent.current = true
      onDone()
      tellUndoable(words.leaves(sent.seconds), {
        label: words.undo,
        run: () =>
          void recall(about, sent).then(
            (isStopped) => {
              tell(isStopped ? words.recalled : words.tooLate)
              if (!isStopped) return
              keepLetterDraft(about, draft)
              void openLetter(about)
            },
            (problem: unknown) => tellFailure(problem, t),
          ),
      })
    } catch (problem) {
      setBusy(null)
      tellFailure(problem, t)
    }
  }

  return (
    <form
      className="letter"
      data-over={isOver || undefined}
      onSubmit={(event) => (event.preventDefault(), void post())}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void post()
      }}
      onDragOver={(event) => (event.preventDefault(), setOver(true))}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault()
        setOver(false)
        void attach([...event.dataTransfer.files])
      }}
    >
      <div className="letter-rows">
        <label className="label" htmlFor={`${id}-to`}>
          {words.to}
        </label>
        <Recipients id={`${id}-to`} to={to} readers={data.recipients} onChange={(to) => setDraft((now) => ({ ...now, to }))} />
        <label className="label" htmlFor={`${id}-lang`}>
          {words.writtenIn}
        </label>
        <select
          id={`${id}-lang`}
          className="input"
          value={draft.lang ?? ''}
          onChange={(event) => setDraft((now) => ({ ...now, lang: event.target.value || null }))}
        >
          <option value="">
            {words.ownLanguage([...new Set(data.recipients.map(({ lang }) => languageName(lang)))].join(', ') || '–')}
          </option>
          {start.languages.map(({ code }) => (
            <option key={code} value={code}>
              {languageName(code)}
            </option>
          ))}
        </select>
      </div>
      <p className="letter-says" role="status" data-bad={silent.length > 0 || data.recipients.length === 0 || undefined}>
        {saying(data)}
      </p>
      {shown && (
        <>
          {letters.length > 1 && (
            <SegmentedControl
              aria-label={words.writtenIn}
              value={shown.lang}
              onChange={setShownLang}
              data={letters.map(({ lang, partners }) => ({ value: lang, label: `${languageName(lang)} (${partners.length})` }))}
            />
          )}
          <div className="letter-rows">
            <label className="label" htmlFor={`${id}-subject`}>
              {words.subject}
            </label>
            <input
              id={`${id}-subject`}
              className="input"
              required
              maxLength={300}
              value={shown.subject}
              onChange={(event) => write(shown.lang, { subject: event.target.value })}
            />
          </div>
          <Body key={shown.lang} id={`${id}-body`} lang={shown.lang} html={shown.body} onChange={(body) => write(shown.lang, { body })} />
          <p className="soft small">
            {shown.partners.length > 1 && `${words.filledIn} `}
            {words.belowText(words.doors[data.purpose])} <q lang={shown.lang.slice(0, 2)}>{shown.notice}</q>
          </p>
          <Attached
            papers={letters.map(({ lang, file }) => ({ lang, ...file }))}
            files={draft.files}
            busy={busy}
            onAttach={attach}
            onDetach={detach}
          />
        </>
      )}
      <div className="letter-foot">
        <Button type="submit" disabled={!isReady} loading={busy !== null}>
          {words.send}
        </Button>
        <Button variant="default" onClick={onDone}>
          {t.cancel}
        </Button>
        {isTouched && (
          <Button variant="subtle" color="gray" c="inherit" onClick={startOver}>
            {words.startOver}
          </Button>
        )}
        <span className="soft small">
          {words.sendHint} {isTouched && words.draftKept}
        </span>
      </div>
    </form>
  )
}

/** To whom it goes, and in which language, as a sentence. */
function saying({ recipients, letters }: Begun): string {
  if (recipients.length === 0) return words.nobody
  const silent = recipients.filter(({ email }) => !email)
  if (silent.length > 0) return words.noAddressHint(silent.map(({ name }) => name).join(', '))
  const nameOf = (partner: number): string => recipients.find(({ id }) => id === partner)?.name ?? ''
  const [only] = recipients.length === 1 ? letters : []
  if (only) return words.goesToOne(`${recipients[0]!.name} (${recipients[0]!.email})`, languageName(only.lang))
  return words.goesTo(letters.map(({ lang, partners }) => ({ names: partners.map(nameOf).join(', '), language: languageName(lang) })))
}
