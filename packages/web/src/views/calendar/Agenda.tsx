import { useTexts } from '../../i18n/index.ts'
import { type Day, longDay } from './days.ts'
import { EventLink, type EventProps } from './EventLink.tsx'
import type { CalendarEvent } from './events.ts'

interface Props extends EventProps {
  readonly days: readonly Day[]
  readonly today: Day
  readonly eventsOn: (day: Day) => readonly CalendarEvent[]
}

/** The days that have something, one below the other: for a screen that is as narrow as a hand. */
export function Agenda({ days, today, eventsOn, ...props }: Props) {
  const t = useTexts()
  const full = days.map((day) => ({ day, events: eventsOn(day) })).filter(({ events }) => events.length > 0)
  return (
    <div className="agenda">
      {full.length === 0 && <p className="board-none">{t.noEvents}</p>}
      {full.map(({ day, events }) => (
        <section key={day} aria-label={longDay(day)}>
          <h2 data-today={day === today || undefined}>{longDay(day)}</h2>
          {events.map((event) => (
            <EventLink key={event.row.id} {...props} event={event} isBlock />
          ))}
        </section>
      ))}
    </div>
  )
}
