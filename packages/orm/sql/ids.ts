import { type Sql, sql } from './fragment.ts'

/**
 * `column = $n`, or `column = any(…)` for several. PostgreSQL guesses ten elements for an array it cannot see, finds every fresh plan for fewer
 * cheaper, and so would plan a prepared statement anew each time: one id is compared as one, and several are put where no plan sees them.
 */
export const oneOf = (column: Sql, ids: readonly number[]): Sql =>
  ids.length === 1 ? sql`${column} = ${ids[0]}::int4` : sql`${column} = any(${hidden(ids)})`

/** The ids as an array that looks the same to every plan, however many there are. */
export const hidden = (ids: readonly number[]): Sql => sql`(select ${ids}::int4[])::int4[]`
