import type { FieldMeta } from '@erp4/orm/views-types'
import { useCallback, useState } from 'react'
import { saveShown } from '../../data/saving.ts'
import { changed } from '../../data/views.ts'
import { useTexts } from '../../i18n/index.ts'
import { tellFailure } from '../../ui/notify.ts'
import { explain } from '../../ui/states.tsx'
import { type Day, addDays, daysBetween, longDay } from './days.ts'
import { type CalendarEvent, movedValues } from './events.ts'

/** Where a record is shown instead of where the server has it. */
export interface Shift {
  readonly event: CalendarEvent
  readonly day: Day
  readonly minutes: number | null
}

/** The event as it stands after the shift. */
export const shifted = ({ event, day, minutes }: Shift): CalendarEvent => ({
  ...event,
  day,
  lastDay: addDays(event.lastDay, daysBetween(event.day, day)),
  minutes: event.minutes === null ? null : (minutes ?? event.minutes),
})

/** Records on their way to another day: shown there at once, and sent back, with the reason, where the server refuses. */
export function useShifts(model: string, field: FieldMeta, until: FieldMeta | undefined, say: (sentence: string) => void) {
  const t = useTexts()
  const [shifts, setShifts] = useState<ReadonlyMap<number, Shift>>(new Map())
  const [returned, setReturned] = useState<number | null>(null)
  const shift = useCallback(
    async (one: Shift): Promise<void> => {
      const { event, day, minutes } = one
      if (day === event.day && (minutes === null || minutes === event.minutes)) return
      const { row } = event
      const name = String(row['display_name'] || t.noName)
      setShifts((known) => new Map(known).set(row.id, one))
      setReturned(null)
      say(t.eventDropped(name, longDay(day)))
      try {
        await saveShown(model, row, movedValues(event, field, until, day, minutes))
      } catch (error) {
        setReturned(row.id)
        say(t.cardRefused(name, longDay(event.day), explain(error, t).hint))
        tellFailure(error, t)
      }
      await changed()
      setShifts((known) => new Map([...known].filter(([id, kept]) => id !== row.id || kept !== one)))
    },
    [model, field, until, say, t],
  )
  return { shifts, returned, shift }
}
