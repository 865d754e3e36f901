import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useId, useState } from 'react'
import type { FieldMeta } from '@erp4/orm/views-types'
import { toHtml } from '../fields/html.tsx'
import type { Linked } from '../fields/links.ts'
import { NamePicker } from '../fields/many2one.tsx'
import { formatDay } from '../format.ts'
import { type Texts, useTexts } from '../i18n/index.ts'
import { call } from '../rpc.ts'
import { start } from '../start.ts'
import { IconCheck, IconX } from '../ui/icons.ts'
import { tell, tellFailure } from '../ui/notify.ts'
import { type Activity, type Subject, daysUntil, onRecord, refresh } from './thread.ts'

const zone = start.session.user_context.tz || 'UTC'
/** The day where the user is, `2027-01-31`. */
export const today = (): string => new Intl.DateTimeFormat('en-CA', { timeZone: zone }).format(new Date())

export const dueWords = (days: number, t: Texts): string =>
  days < 0 ? t.overdueBy(-days) : days === 0 ? t.dueToday : days === 1 ? t.dueTomorrow : t.dueIn(days)
export const dueTone = (days: number): 'overdue' | 'today' | 'planned' => (days < 0 ? 'overdue' : days === 0 ? 'today' : 'planned')

/** What is to do about the record, the most urgent first. */
export function Activities({ subject, activities }: { subject: Subject; activities: readonly Activity[] }) {
  const t = useTexts()
  const [finishing, setFinishing] = useState<number | null>(null)
  const cancel = async (id: number): Promise<void> => {
    try {
      await call('mail.activity', 'unlink', [[id]])
      tell(t.activityCancelled)
      await refresh(subject)
    } catch (error) {
      tellFailure(error, t)
    }
  }
  return (
    <section className="activities" aria-label={t.activities}>
      <ul>
        {activities.map((one) => {
          const what = one.summary || one.type
          const days = daysUntil(one.due, today())
          return (
            <li key={one.id}>
              <div className="activity" data-tone={dueTone(days)}>
                <span className="activity-due" title={formatDay(one.due)}>
                  {dueWords(days, t)}
                </span>
                <span className="activity-what">
                  <strong>{what}</strong>
                  <span className="soft small">
                    {one.summary && one.type ? `${one.type} · ` : ''}
                    {one.user ? one.user.name : ''}
                  </span>
                </span>
                <button
                  type="button"
                  className="bare"
                  aria-label={t.markDoneOf(what)}
                  aria-expanded={finishing === one.id}
                  onClick={() => setFinishing(finishing === one.id ? null : one.id)}
                >
                  <IconCheck size={16} aria-hidden />
                </button>
                <button type="button" className="bare" aria-label={t.cancelActivity(what)} onClick={() => void cancel(one.id)}>
                  <IconX size={16} aria-hidden />
                </button>
              </div>
              {finishing === one.id && <Finish subject={subject} activity={one} onDone={() => setFinishing(null)} />}
            </li>
          )
        })}
      </ul>
    </section>
  )
}

function Finish({ subject, activity, onDone }: { subject: Subject; activity: Activity; onDone: () => void }) {
  const t = useTexts()
  const [feedback, setFeedback] = useState('')
  const [isBusy, setBusy] = useState(false)
  const finish = async (): Promise<void> => {
    setBusy(true)
    try {
      await call('mail.activity', 'action_feedback', [[activity.id]], feedback.trim() === '' ? {} : { feedback: feedback.trim() })
      tell(t.activityDone)
      onDone()
      await refresh(subject)
    } catch (error) {
      setBusy(false)
      tellFailure(error, t)
    }
  }
  return (
    <form className="finish" onSubmit={(event) => (event.preventDefault(), void finish())}>
      <input
        className="input"
        autoFocus
        aria-label={t.feedback}
        placeholder={t.feedback}
        value={feedback}
        onChange={(event) => setFeedback(event.target.value)}
        onKeyDown={(event) => event.key === 'Escape' && onDone()}
      />
      <Button type="submit" size="compact-sm" loading={isBusy}>
        {t.markDone}
      </Button>
    </form>
  )
}

interface Kind {
  readonly id: number
  readonly name: string
  readonly summary: string | false
  readonly delay_count: number
  readonly delay_unit: 'days' | 'weeks' | 'months'
}

/** Plans something to do about the record; `kind` is the type it begins with. */
export function Plan({ subject, kind = 0, onDone }: { subject: Subject; kind?: number; onDone: () => void }) {
  const t = useTexts()
  const id = useId()
  const { data: kinds = [] } = useQuery({
    queryKey: ['activity-types'],
    queryFn: () => call<Kind[]>('mail.activity.type', 'search_read', [[], ['name', 'summary', 'delay_count', 'delay_unit']]),
    staleTime: 600_000,
  })
  const [type, setType] = useState(kind)
  const [summary, setSummary] = useState('')
  const [due, setDue] = useState<string | null>(null)
  const [user, setUser] = useState<Linked>({ id: start.session.uid, display_name: start.session.name })
  const [note, setNote] = useState('')
  const [isBusy, setBusy] = useState(false)
  const chosen = kinds.find((one) => one.id === type) ?? kinds[0]
  const usual = chosen ? laterBy(today(), chosen) : today()
  const plan = async (): Promise<void> => {
    setBusy(true)
    try {
      await onRecord(subject, 'activity_schedule', {
        ...(chosen ? { activity_type_id: chosen.id } : {}),
        date_deadline: due ?? usual,
        user_id: user.id,
        ...(summary.trim() === '' ? {} : { summary: summary.trim() }),
        ...(note.trim() === '' ? {} : { note: toHtml(note.trim()) }),
      })
      tell(t.planned)
      onDone()
      await refresh(subject)
    } catch (error) {
      setBusy(false)
      tellFailure(error, t)
    }
  }
  const userField: FieldMeta = {
    name: 'user_id',
    type: 'many2one',
    string: t.activityUser,
    relation: 'res.users',
    domain: [['share', '=', false]],
  }
  return (
    <form className="composer" data-kind="activity" onSubmit={(event) => (event.preventDefault(), void plan())}>
      <div className="plan">
        <label className="label" htmlFor={`${id}-type`}>
          {t.activityType}
        </label>
        <select
          id={`${id}-type`}
          className="input"
          autoFocus
          value={chosen?.id ?? 0}
          onChange={(event) => setType(Number(event.target.value))}
        >
          {kinds.map((one) => (
            <option key={one.id} value={one.id}>
              {one.name}
            </option>
          ))}
        </select>
        <label className="label" htmlFor={`${id}-due`}>
          {t.activityDue}
        </label>
        <input
          id={`${id}-due`}
          type="date"
          required
          className="input"
          value={due ?? usual}
          onChange={(event) => setDue(event.target.value || null)}
        />
        <label className="label" htmlFor={`${id}-user`}>
          {t.activityUser}
        </label>
        <NamePicker
          edit={{
            field: userField,
            shown: { tag: 'field', field: 'user_id' },
            id: `${id}-user`,
            value: user,
            record: {},
            required: true,
            onChange: () => undefined,
          }}
          shownName={user.display_name}
          onPick={setUser}
        />
        <label className="label" htmlFor={`${id}-summary`}>
          {t.activitySummary}
        </label>
        <input
          id={`${id}-summary`}
          className="input"
          placeholder={chosen?.summary || ''}
          maxLength={200}
          value={summary}
          onChange={(event) => setSummary(event.target.value)}
        />
        <label className="label" htmlFor={`${id}-note`}>
          {t.activityNote}
        </label>
        <textarea id={`${id}-note`} className="input" rows={2} value={note} onChange={(event) => setNote(event.target.value)} />
      </div>
      <div className="composer-foot">
        <Button type="submit" size="compact-sm" loading={isBusy}>
          {t.plan}
        </Button>
        <Button size="compact-sm" variant="subtle" color="gray" c="inherit" onClick={onDone}>
          {t.cancel}
        </Button>
      </div>
    </form>
  )
}

function laterBy(day: string, { delay_count: count, delay_unit: unit }: Kind): string {
  const at = new Date(`${day}T00:00:00Z`)
  if (unit === 'months') at.setUTCMonth(at.getUTCMonth() + count)
  else at.setUTCDate(at.getUTCDate() + count * (unit === 'weeks' ? 7 : 1))
  return at.toISOString().slice(0, 10)
}
