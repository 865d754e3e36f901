import { useTexts } from '../../i18n/index.ts'
import { IconPlus } from '../../ui/icons.ts'
import { type Day, dateNumber, longDay, shortWeekday } from './days.ts'
import { EventLink, type EventProps } from './EventLink.tsx'
import type { CalendarEvent } from './events.ts'

interface Props extends EventProps {
  readonly days: readonly Day[]
  readonly month: string
  readonly today: Day
  readonly over: string | null
  readonly eventsOn: (day: Day) => readonly CalendarEvent[]
  readonly onDay: (day: Day) => void
  readonly onNew: ((day: Day, minutes: number | null) => void) | undefined
}

/** Beyond these a day tells how many more there are. */
const mostInDay = 4

/** Weeks of days. An empty place makes a record, a date opens its day. */
export function Month({ days, month, today, over, eventsOn, onDay, onNew, ...props }: Props) {
  const t = useTexts()
  const weeks = Array.from({ length: days.length / 7 }, (_, i) => days.slice(i * 7, i * 7 + 7))
  return (
    <table className="month" data-weeks={weeks.length}>
      <thead>
        <tr>
          {days.slice(0, 7).map((day) => (
            <th key={day} scope="col">
              {shortWeekday(day)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {weeks.map((week) => (
          <tr key={week[0]}>
            {week.map((day) => {
              const events = eventsOn(day)
              return (
                <td
                  key={day}
                  data-drop={day}
                  data-over={over === day || undefined}
                  data-outside={day.slice(0, 7) !== month || undefined}
                  data-today={day === today || undefined}
                  onDoubleClick={(event) => event.target === event.currentTarget && onNew?.(day, null)}
                >
                  <div className="month-head">
                    <button type="button" className="month-date" title={longDay(day)} onClick={() => onDay(day)}>
                      {dateNumber(day)}
                      <span className="sr"> {longDay(day)}</span>
                    </button>
                    {onNew && (
                      <button type="button" className="bare month-new" aria-label={t.newOn(longDay(day))} onClick={() => onNew(day, null)}>
                        <IconPlus size={13} aria-hidden />
                      </button>
                    )}
                  </div>
                  {events.slice(0, events.length > mostInDay ? mostInDay - 1 : mostInDay).map((event) => (
                    <EventLink key={event.row.id} {...props} event={event} />
                  ))}
                  {events.length > mostInDay && (
                    <button type="button" className="link small" onClick={() => onDay(day)}>
                      {t.moreEvents(events.length - mostInDay + 1)}
                    </button>
                  )}
                </td>
              )
            })}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
