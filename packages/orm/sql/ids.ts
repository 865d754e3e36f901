import { type Sql, sql } from './fragment.ts'

/**
 * `column = $n`, or `column = any($n)` for several. One id is compared as one: PostgreSQL takes a kept plan for that, but guesses ten
 * elements for an array, finds every fresh plan cheaper, and so would plan a prepared statement anew each time.
 */
export const oneOf = (column: Sql, ids: readonly number[]): Sql =>
  ids.length === 1 ? sql`${column} = ${ids[0]}::int4` : sql`${column} = any(${ids}::int4[])`
