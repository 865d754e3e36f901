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
/** In a day of a week more than these side by side could not be read; on a day by itself each has so much room. */
const mostLanes = 2
const lanePx = 104
const slots = Array.from({ length: 48 }, (_, i) => i * 30)

/** Days beside each other, hour by hour. */
export function Hours({ days, today, over, hasTimes, eventsOn, onDay, onNew, ...props }: Props) {
  const t = useTexts()
  const box = useRef<HTMLDivElement>(null)
  const isDay = days.length === 1
  const { held, dragged, returned } = props
  // What is in somebody's hands does not go out of his sight.
  const first = new Set([held, dragged, returned].filter((id) => id !== null))
  const widest = isDay ? Math.max(1, ...runsOf(eventsOn(days[0]!), first).map(({ lanes }) => lanes)) : 1
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
            <div
              key={day}
              className="hours-column"
              role="group"
              aria-label={longDay(day)}
              style={isDay ? { minWidth: widest * lanePx } : {}}
            >
              {slots.map((minutes) => (
                <div
                  key={minutes}
                  className="hours-slot"
                  data-drop={`${day}T${minutes}`}
                  data-over={over === `${day}T${minutes}` || undefined}
                  onDoubleClick={() => onNew?.(day, minutes)}
                />
              ))}
              {runsOf(eventsOn(day), first).map(({ lanes, placed }) => {
                // Of what is too much at once for a day of the week, its own day shows the rest.
                const shown = isDay || lanes <= mostLanes ? lanes : mostLanes
                const hidden = placed.filter(({ event, lane }) => shown < lanes && lane >= shown - 1 && !first.has(event.row.id))
                return [
                  ...placed
                    .filter((one) => !hidden.includes(one))
                    .map(({ event, lane }) => (
                      <div
                        key={event.row.id}
                        className="hours-event"
                        style={placeOf(event.minutes!, event.length, Math.min(lane, shown - 1), shown)}
                      >
                        <EventLink {...props} event={event} isBlock />
                      </div>
                    )),
                  ...(hidden.length === 0
                    ? []
                    : [
                        <div
                          key={`more${hidden[0]!.event.row.id}`}
                          className="hours-event"
                          style={placeOf(hidden[0]!.event.minutes!, 30, shown - 1, shown)}
                        >
                          <button type="button" className="link small" title={longDay(day)} onClick={() => onDay(day)}>
                            {t.moreEvents(hidden.length)}
                          </button>
                        </div>,
                      ]),
                ]
              })}
            </div>
          ))}
        </div>
      )}
    </div>
  )
}

const placeOf = (minutes: number, length: number, lane: number, lanes: number): React.CSSProperties => ({
  top: (minutes * hourPx) / 60,
  height: (Math.min(length, 1440 - minutes) * hourPx) / 60 - 2,
  insetInlineStart: `${(lane * 100) / lanes}%`,
  width: `calc(${100 / lanes}% - 3px)`,
})

interface Run {
  /** So many stand side by side. */
  lanes: number
  readonly placed: { readonly event: CalendarEvent; readonly lane: number }[]
}

/** What happens at the same time stands side by side; of what begins together, those that are `first` before the others. */
function runsOf(events: readonly CalendarEvent[], first: ReadonlySet<number>): Run[] {
  const behind = ({ row }: CalendarEvent): number => (first.has(row.id) ? 0 : 1)
  const ordered = events.filter(({ minutes }) => minutes !== null).sort((a, b) => a.minutes! - b.minutes! || behind(a) - behind(b))
  const runs: Run[] = []
  let ends: number[] = []
  for (const event of ordered) {
    if (ends.every((end) => end <= event.minutes!)) {
      ends = []
      runs.push({ lanes: 0, placed: [] })
    }
    const free = ends.findIndex((end) => end <= event.minutes!)
    const lane = free < 0 ? ends.length : free
    ends[lane] = event.minutes! + event.length
    const run = runs.at(-1)!
    run.lanes = Math.max(run.lanes, lane + 1)
    run.placed.push({ event, lane })
  }
  return runs
}
