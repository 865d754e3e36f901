import { formatValue } from '../../format.ts'
import { useTexts } from '../../i18n/index.ts'
import { clockText } from './days.ts'
import type { CalendarEvent, Plan } from './events.ts'

export interface EventProps {
  readonly plan: Plan
  readonly urlOf: (id: number) => string
  /** The id of the one that the keyboard carries. */
  readonly held: number | null
  readonly dragged: number | null
  readonly returned: number | null
  readonly onOpen: (event: CalendarEvent) => void
  readonly onDrag: (pointer: React.PointerEvent, event: CalendarEvent) => void
  readonly onKeyDown: (key: React.KeyboardEvent, event: CalendarEvent) => void
}

/** A record in the calendar: its time and name; the rest is told when one points at it. */
export function EventLink({ event, isBlock, ...props }: EventProps & { event: CalendarEvent; isBlock?: boolean }) {
  const t = useTexts()
  const { plan, held, dragged, returned, urlOf, onOpen, onDrag, onKeyDown } = props
  const { row } = event
  const name = formatValue(plan.title, row[plan.title.name], row) || String(row['display_name'] || t.noName)
  const more = plan.more.flatMap(({ field }) => formatValue(field, row[field.name], row) || [])
  const rest = more.join(' · ')
  const state = row.id === held ? 'held' : row.id === dragged ? 'moving' : row.id === returned ? 'returned' : undefined
  return (
    <a
      id={`event-${row.id}`}
      className="event"
      data-color={event.color}
      data-state={state}
      data-block={isBlock || undefined}
      href={urlOf(row.id)}
      title={[name, rest].filter(Boolean).join('\n')}
      aria-describedby="event-hint"
      draggable={false}
      onPointerDown={(pointer) => onDrag(pointer, event)}
      onKeyDown={(key) => onKeyDown(key, event)}
      onClick={(click) => {
        if (click.metaKey || click.ctrlKey || click.shiftKey) return
        click.preventDefault()
        onOpen(event)
      }}
    >
      {event.minutes !== null && <span className="event-time">{clockText(event.minutes)}</span>} <span className="event-name">{name}</span>
      {rest !== '' && <span className={isBlock ? 'event-rest' : 'event-soft'}>{isBlock ? rest : more[0]}</span>}
    </a>
  )
}
