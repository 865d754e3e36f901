import { Button } from '@mantine/core'
import { useId, useState } from 'react'
import type { FieldMeta } from '@erp4/orm/views-types'
import type { Linked } from '../fields/links.ts'
import { tags } from '../fields/tags.tsx'
import { locale } from '../format.ts'
import { useTexts } from '../i18n/index.ts'
import { RichEditor } from '../rich/RichEditor.tsx'
import { call } from '../rpc.ts'
import { start } from '../start.ts'
import { IconX } from '../ui/icons.ts'
import { tell, tellFailure } from '../ui/notify.ts'
import { ChooseFiles } from './ChooseFiles.tsx'
import { type Subject, type ThreadPage, onRecord, refresh } from './thread.ts'
import { formatBytes, largestBytes, upload } from './upload.ts'

interface Props {
  readonly subject: Subject
  readonly isNote: boolean
  readonly first: ThreadPage
  readonly onDone: () => void
}

interface Letter {
  readonly subject: string
  readonly body: string
}

const TagsEdit = tags.Edit!

/** A message for followers and others, or a note for colleagues: told apart by colour, words and button, so that nobody mistakes one for the other. */
export function Composer({ subject, isNote, first, onDone }: Props) {
  const t = useTexts()
  const id = useId()
  const [body, setBody] = useState('')
  const [to, setTo] = useState<readonly Linked[]>([])
  const [line, setLine] = useState('')
  const [letter, setLetter] = useState<Letter | null>(null)
  const [files, setFiles] = useState<readonly { id: number; name: string }[]>([])
  const [sending, setSending] = useState<string | null>(null)
  const [isOver, setOver] = useState(false)
  const others = (first.followers ?? []).filter(({ partner }) => partner !== start.session.partner_id).map(({ name }) => name)
  const names = [...others, ...to.map(({ display_name }) => display_name)]
  const isEmpty = body === '' && files.length === 0

  const take = async (chosen: readonly File[]): Promise<void> => {
    for (const file of chosen) {
      if (file.size > largestBytes) {
        tellFailure(new Error(t.fileOver(file.name, formatBytes(largestBytes, locale))), t)
        continue
      }
      setSending(t.uploading(file.name))
      try {
        const made = await upload(file, null)
        setFiles((known) => [...known, { id: made, name: file.name }])
      } catch (error) {
        tellFailure(error, t)
      }
    }
    setSending(null)
  }
  const remove = async (file: number): Promise<void> => {
    setFiles((known) => known.filter((one) => one.id !== file))
    // It belongs to nothing yet; where the server is away, it stays its maker's own.
    await call('ir.attachment', 'unlink', [[file]]).catch(() => undefined)
  }
  const choose = async (template: number): Promise<void> => {
    // What somebody wrote himself stays.
    const own = letter && body.endsWith(letter.body) ? body.slice(0, -letter.body.length) : body
    if (template === 0) return (setLetter(null), setBody(own))
    try {
      const partner = to[0] ? { partner_id: to[0].id } : {}
      const found = await call<Letter>('mail.template', 'preview', [[template]], { res_id: subject.id, ...partner })
      setLetter(found)
      setLine(found.subject)
      setBody(own + found.body)
    } catch (error) {
      tellFailure(error, t)
    }
  }
  const send = async (): Promise<void> => {
    if (isEmpty || sending) return
    setSending(t.loading)
    try {
      await onRecord(subject, 'message_post', {
        body,
        ...(line.trim() === '' || isNote ? {} : { subject: line.trim() }),
        message_type: 'comment',
        subtype_xmlid: isNote ? 'mail.mt_note' : 'mail.mt_comment',
        partner_ids: to.map((one) => one.id),
        attachment_ids: files.map((one) => one.id),
      })
      tell(isNote ? t.noteKept : t.messageSent)
      onDone()
      await refresh(subject)
    } catch (error) {
      setSending(null)
      tellFailure(error, t)
    }
  }

  const toField: FieldMeta = {
    name: 'partner_ids',
    type: 'many2many',
    string: isNote ? t.colleagues : t.alsoTo,
    relation: 'res.partner',
    domain: isNote ? [['user_ids.share', '=', false]] : [],
  }
  return (
    <form
      className="composer"
      data-kind={isNote ? 'note' : 'message'}
      data-over={isOver || undefined}
      onSubmit={(event) => (event.preventDefault(), void send())}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void send()
        if (event.key === 'Escape' && isEmpty && !event.defaultPrevented) onDone()
      }}
      onDragOver={(event) => (event.preventDefault(), setOver(true))}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault()
        setOver(false)
        void take([...event.dataTransfer.files])
      }}
    >
      <p className="composer-says" id={`${id}-says`}>
        {isNote ? t.noteStays : names.length > 0 ? t.messageGoesTo(names.join(', ')) : t.messageGoesToNobody}
      </p>
      <div className="composer-row">
        <label className="label" htmlFor={`${id}-to`}>
          {toField.string}
        </label>
        <TagsEdit
          id={`${id}-to`}
          field={toField}
          shown={{ tag: 'field', field: 'partner_ids' }}
          value={to}
          record={{}}
          required={false}
          onChange={(value) => setTo(Array.isArray(value) ? (value as Linked[]) : [])}
        />
      </div>
      {!isNote && (first.templates?.length ?? 0) > 0 && (
        <div className="composer-row">
          <label className="label" htmlFor={`${id}-template`}>
            {t.template}
          </label>
          <select id={`${id}-template`} className="input" onChange={(event) => void choose(Number(event.target.value))}>
            <option value="0">{t.noTemplate}</option>
            {first.templates!.map((one) => (
              <option key={one.id} value={one.id}>
                {one.name}
              </option>
            ))}
          </select>
        </div>
      )}
      {!isNote && letter && (
        <div className="composer-row">
          <label className="label" htmlFor={`${id}-subject`}>
            {t.messageSubject}
          </label>
          <input id={`${id}-subject`} className="input" value={line} maxLength={300} onChange={(event) => setLine(event.target.value)} />
        </div>
      )}
      <RichEditor
        id={`${id}-body`}
        html={body}
        onChange={setBody}
        label={isNote ? t.logNote : t.sendMessage}
        describedBy={`${id}-says`}
        placeholder={isNote ? t.writeNote : t.writeMessage}
        rows={4}
        autoFocus
      />
      {files.length > 0 && (
        <ul className="composer-files">
          {files.map((file) => (
            <li key={file.id} className="tag">
              {file.name}
              <button type="button" aria-label={t.removeFile(file.name)} onClick={() => void remove(file.id)}>
                <IconX size={12} aria-hidden />
              </button>
            </li>
          ))}
        </ul>
      )}
      <div className="composer-foot">
        <Button type="submit" size="compact-sm" disabled={isEmpty} loading={sending !== null} {...(isNote ? { 'data-note': true } : {})}>
          {isNote ? t.keepNote : t.post}
        </Button>
        <ChooseFiles onChoose={(files) => void take(files)} />
        <Button size="compact-sm" variant="subtle" color="gray" c="inherit" onClick={onDone}>
          {t.cancel}
        </Button>
        <span className="soft small" role="status">
          {sending ?? t.attachHint(formatBytes(largestBytes, locale))}
        </span>
      </div>
    </form>
  )
}
