import { type Moment, isMoment } from './time.ts'

const clocks = new Map<string, Intl.DateTimeFormat>()

function clockOf(zone: string): Intl.DateTimeFormat {
  const known = clocks.get(zone)
  if (known) return known
  const clock = new Intl.DateTimeFormat('sv-SE', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  })
  clocks.set(zone, clock)
  return clock
}

const asMoment = (at: number): string => new Date(at).toISOString().slice(0, 19).replace('T', ' ')

const instant = (text: string): number => Date.parse(`${text.replace(' ', 'T')}Z`)

/** What a clock in `zone` (IANA name) shows at an instant, `2026-01-31 23:30:00`. */
export function onClock(zone: string, at: Moment): string {
  return zone === 'UTC' ? at : clockOf(zone).format(instant(at))
}

/** When a clock in `zone` shows `text`: the first time where it shows it twice; where it never does, as if it had not been put forward yet. */
export function fromClock(zone: string, text: string): Moment {
  if (!isMoment(text)) throw new RangeError(`'${text.slice(0, 40)}' is not a time; write it as 2026-01-31 12:00:00`)
  if (zone === 'UTC') return text
  const shown = instant(text)
  const offsets = [shown - 86_400_000, shown + 86_400_000].map((near) => instant(onClock(zone, asMoment(near) as Moment)) - near)
  const candidates = offsets.map((offset) => shown - offset)
  const found = candidates.filter((at) => onClock(zone, asMoment(at) as Moment) === text)
  return asMoment(found.length > 0 ? Math.min(...found) : candidates[0]!) as Moment
}
