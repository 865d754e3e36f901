import { Button } from '@mantine/core'
import { useState } from 'react'
import { RichText } from '../fields/html.tsx'
import { formatMoment, formatValue } from '../format.ts'
import { type Texts, useTexts } from '../i18n/index.ts'
import { call } from '../rpc.ts'
import { metaOf } from '../data/views.ts'
import { initials } from '../ui/initials.ts'
import { tell, tellFailure } from '../ui/notify.ts'
import { type FormRecord, useRecord } from '../views/form/record.ts'
import { FileLink, Preview } from './Files.tsx'
import { type Change, type Message, type StoredFile, type Subject, refresh } from './thread.ts'

interface Props {
  readonly record: FormRecord
  readonly subject: Subject
  readonly canWrite: boolean
  readonly entries: readonly (Message | Change)[]
  readonly more: { readonly isLoading: boolean; readonly load: () => void } | null
}

/** What was said and what was changed, in one story, newest first. */
export function Story({ record, subject, canWrite, entries, more }: Props) {
  const t = useTexts()
  const [looking, setLooking] = useState<StoredFile | null>(null)
  return (
    <>
      {entries.length === 0 && <p className="soft">{t.nothingSaid}</p>}
      <ol className="story">
        {entries.map((entry) =>
          entry.kind === 'message' ? (
            <Said key={`m${entry.id}`} message={entry} onLook={setLooking} />
          ) : (
            <Changed key={`c${entry.key}`} record={record} subject={subject} change={entry} canWrite={canWrite} />
          ),
        )}
      </ol>
      {more && (
        <Button size="compact-sm" variant="default" loading={more.isLoading} onClick={more.load}>
          {t.showOlder}
        </Button>
      )}
      <Preview file={looking} onClose={() => setLooking(null)} />
    </>
  )
}

function Said({ message, onLook }: { message: Message; onLook: (file: StoredFile) => void }) {
  const t = useTexts()
  const kind = message.type === 'notification' ? 'done' : message.isInternal ? 'note' : 'message'
  const label = kind === 'note' ? t.isNote : message.type === 'email_outgoing' ? t.isLetter : kind === 'message' ? t.isMessage : null
  const to = message.to.filter((name) => name !== false).join(', ')
  const who = message.author ? message.author.name : message.from || t.somebody
  return (
    <li className="said" data-kind={kind}>
      <Avatar name={who} />
      <article>
        <header>
          <strong>{who}</strong>
          {label && <span className="said-kind">{label}</span>}
          {to && <span className="soft small">{t.messageTo(to)}</span>}
          <time className="soft small" dateTime={`${message.date.replace(' ', 'T')}Z`}>
            {formatMoment(message.date)}
          </time>
        </header>
        {message.subject && <p className="said-subject">{message.subject}</p>}
        <RichText html={message.body} />
        {message.files.length > 0 && (
          <ul className="file-list">
            {message.files.map((file) => (
              <li key={file.id}>
                <FileLink file={file} onLook={onLook} />
              </li>
            ))}
          </ul>
        )}
        <Letters message={message} t={t} />
      </article>
    </li>
  )
}

/** What became of the e-mails: one word while all is well, and what the mail server said where it is not. */
function Letters({ message: { letters }, t }: { message: Message; t: Texts }) {
  if (letters.length === 0) return null
  const failed = letters.filter(({ state }) => state === 'failed')
  if (failed.length > 0)
    return (
      <p className="said-letters" data-failed>
        {t.letterFailed(failed.length)}
        {failed[0]!.error ? `: ${failed[0]!.error}` : ''}
      </p>
    )
  const is = (state: string): boolean => letters.some((one) => one.state === state)
  const word = is('held') ? t.letterHeld : is('waiting') ? t.letterWaiting : t.letterSent
  return <p className="said-letters soft small">{`${t.isLetter}: ${word}`}</p>
}

function Changed({ record, subject, change, canWrite }: { record: FormRecord; subject: Subject; change: Change; canWrite: boolean }) {
  const t = useTexts()
  const isDirty = useRecord(record, (one) => one.isDirty)
  const who = change.actor ? change.actor.name || t.somebody : t.theSystem
  const { fields, label } = metaOf(record.views)
  const restore = async (name: string): Promise<void> => {
    if (isDirty) return void tell(t.saveFirst)
    try {
      const version = record.saved['version']
      await call(subject.model, 'web_restore', [[subject.id]], { key: change.key, field: name, version })
      const now = await record.readNow()
      if (now) record.reset(now)
      tell(t.valueRestored(fields[name]!.string))
      await refresh(subject)
    } catch (error) {
      tellFailure(error, t)
    }
  }
  return (
    <li className="said" data-kind="change">
      <Avatar name={who} />
      <article>
        <header>
          <strong>{who}</strong>
          <span className="soft">{change.operation === 'create' ? t.madeThis(label) : t.changedThis}</span>
          {change.onBehalf && <span className="soft small">{t.onBehalf(change.onBehalf)}</span>}
          <time className="soft small" dateTime={`${change.at.replace(' ', 'T')}Z`}>
            {formatMoment(change.at)}
          </time>
        </header>
        {change.changes.length > 0 && (
          <dl className="diff">
            {change.changes.map(({ field: name, old, new: now }) => {
              const field = fields[name]
              if (!field) return null
              const [before, after] = [shown(field, old, record), shown(field, now, record)]
              const mayRestore = canWrite && !field.readonly
              return (
                <div key={name}>
                  <dt>{field.string}</dt>
                  <dd>
                    <del>{before || t.nothingThere}</del>
                    <span aria-hidden> → </span>
                    <span className="sr">{` ${t.becomes} `}</span>
                    <ins>{after || t.nothingThere}</ins>
                    {mayRestore && (
                      <button
                        type="button"
                        className="link restore"
                        aria-label={`${field.string}: ${t.restoreValue(before || t.nothingThere)}`}
                        onClick={() => void restore(name)}
                      >
                        {t.restoreValue(short(before) || t.nothingThere)}
                      </button>
                    )}
                  </dd>
                </div>
              )
            })}
          </dl>
        )}
      </article>
    </li>
  )
}

type Field = Parameters<typeof formatValue>[0]

const shown = (field: Field, value: unknown, record: FormRecord): string =>
  field.type === 'binary' ? (value ? '✓' : '') : formatValue(field, value, record.values)

const short = (text: string): string => (text.length > 24 ? `${text.slice(0, 23)}…` : text)

const Avatar = ({ name }: { name: string }) => (
  <span className="avatar" aria-hidden>
    {initials(name)}
  </span>
)
