import { useEffect, useRef } from 'react'
import { useTexts } from '../../i18n/index.ts'
import { type Day, clockText, longDay, weekdayAndDate } from './days.ts'
import { EventLink, type EventProps } from './EventLink.tsx'
import type { CalendarEvent } from './events.ts'

interface Props extends EventProps {
  readonly days: readonly Day[]
  readonly today: Day
  readonly over: string | null
  /** Whether the date has a time; without one all records stand above the hours. */
  readonly hasTimes: boolean
  readonly eventsOn: (day: Day) => readonly CalendarEvent[]
  readonly onDay: (day: Day) => void
  readonly onNew: ((day: Day, minutes: number | null) => void) | undefined
}

/** An hour is this high; the style sheet has the same number. */
const hourPx = 44
const slots = Array.from({ length: 48 }, (_, i) => i * 30)

/** Days beside each other, hour by hour. */
export function Hours({ days, today, over, hasTimes, eventsOn, onDay, onNew, ...props }: Props) {
  const t = useTexts()
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (hasTimes) box.current?.scrollTo({ top: 7 * hourPx })
  }, [hasTimes])
  return (
    <div className="hours" ref={box} tabIndex={0} role="group" aria-label={t.calendar} data-count={days.length}>
      <div className="hours-head">
        <span aria-hidden />
        {days.map((day) => (
          <h2 key={day} data-today={day === today || undefined}>
            <button type="button" className="month-date" title={longDay(day)} onClick={() => onDay(day)}>
              {weekdayAndDate(day)}
            </button>
          </h2>
        ))}
        <span className="hours-label">{t.allDay}</span>
        {days.map((day) => (
          <div key={day} className="hours-day" data-drop={day} data-over={over === day || undefined}>
            {eventsOn(day)
              .filter(({ minutes }) => minutes === null)
              .map((event) => (
                <EventLink key={event.row.id} {...props} event={event} />
              ))}
            {onNew && !hasTimes && (
              <button type="button" className="hours-new" aria-label={t.newOn(longDay(day))} onClick={() => onNew(day, null)}>
                +
              </button>
            )}
          </div>
        ))}
      </div>
      {hasTimes && (
        <div className="hours-body">
          <div className="hours-clock" aria-hidden>
            {slots
              .filter((minutes) => minutes % 60 === 0)
              .map((minutes) => (
                <span key={minutes}>{clockText(minutes)}</span>
              ))}
          </div>
          {days.map((day) => (
            <div key={day} className="hours-column" role="group" aria-label={longDay(day)}>
              {slots.map((minutes) => (
                <div
                  key={minutes}
                  className="hours-slot"
                  data-drop={`${day}T${minutes}`}
                  data-over={over === `${day}T${minutes}` || undefined}
                  onDoubleClick={() => onNew?.(day, minutes)}
                />
              ))}
              {lanesOf(eventsOn(day).filter(({ minutes }) => minutes !== null)).map(({ event, lane, lanes }) => (
                <div
                  key={event.row.id}
                  className="hours-event"
                  style={{
                    top: (event.minutes! * hourPx) / 60,
                    height: (Math.min(event.length, 1440 - event.minutes!) * hourPx) / 60 - 2,
                    insetInlineStart: `${(lane * 100) / lanes}%`,
                    width: `calc(${100 / lanes}% - 3px)`,
                  }}
                >
                  <EventLink {...props} event={event} isBlock />
                </div>
              ))}
            </div>
          ))}
        </div>
      )}
    </div>
  )
}

/** What happens at the same time stands side by side. */
function lanesOf(events: readonly CalendarEvent[]): { event: CalendarEvent; lane: number; lanes: number }[] {
  const ordered = [...events].sort((a, b) => a.minutes! - b.minutes!)
  const placed: { event: CalendarEvent; lane: number; run: number }[] = []
  const widths: number[] = []
  let ends: number[] = []
  for (const event of ordered) {
    if (ends.every((end) => end <= event.minutes!)) {
      ends = []
      widths.push(0)
    }
    const free = ends.findIndex((end) => end <= event.minutes!)
    const lane = free < 0 ? ends.length : free
    ends[lane] = event.minutes! + event.length
    widths[widths.length - 1] = Math.max(widths.at(-1)!, lane + 1)
    placed.push({ event, lane, run: widths.length - 1 })
  }
  return placed.map(({ event, lane, run }) => ({ event, lane, lanes: widths[run]! }))
}
