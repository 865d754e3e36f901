/** A clock that stands until a test moves it. Give `now` to whatever wants to know the time. */
export interface Clock {
  readonly now: () => Date
  /** Moves on; the parts add up. */
  advance(by: { days?: number; hours?: number; minutes?: number; seconds?: number; ms?: number }): void
  set(to: Date | string): void
}

export function clock(start: Date | string = '2027-01-15T09:00:00Z'): Clock {
  let time = new Date(start).getTime()
  return {
    now: () => new Date(time),
    advance: ({ days = 0, hours = 0, minutes = 0, seconds = 0, ms = 0 }) => {
      time += ((days * 24 + hours) * 60 + minutes) * 60_000 + seconds * 1000 + ms
    },
    set: (to) => {
      time = new Date(to).getTime()
    },
  }
}
