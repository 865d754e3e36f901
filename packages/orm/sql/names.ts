import { createHash } from 'node:crypto'
import type { Sql } from './fragment.ts'

/** Prepared statements are kept per connection, for ever: so many shapes of a kind may have a name, the rest go without. */
const most = 400
const names = new Map<string, string>()
const askedNames = new Map<string, string>()
let seenOnce = new Set<string>()

/** A name for a statement of fixed shape (kernel §2.2, rule 6): equal texts get equal names in every process. */
export const shapeName = (statement: Sql): string | undefined => nameOf(statement.compile().text, names)

/**
 * A name for a statement whose shape a caller chose, such as a domain: from the second time it comes on, and out of a number of
 * names of its own, so that nobody's odd searches take the names of the statements that every call needs.
 */
export function askedName(statement: Sql): string | undefined {
  const { text } = statement.compile()
  if (askedNames.has(text) || seenOnce.has(text)) return nameOf(text, askedNames)
  if (seenOnce.size >= most) seenOnce = new Set()
  if (text.length <= longest) seenOnce.add(text)
  return undefined
}

const longest = 8_000

function nameOf(text: string, known: Map<string, string>): string | undefined {
  const given = known.get(text)
  if (given || known.size >= most || text.length > longest) return given
  const name = `q_${createHash('sha256').update(text).digest('base64url').slice(0, 22)}`
  known.set(text, name)
  return name
}
