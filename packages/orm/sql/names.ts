import { createHash } from 'node:crypto'
import { Recent } from '../recent.ts'
import type { Sql } from './fragment.ts'

/** How many names and texts are remembered; connections have a bound of their own for what they keep prepared. */
const most = 2000
const names = new Recent<string, string>(most)
const seenOnce = new Recent<string, true>(400)
const longest = 8_000

/** A name for a statement of fixed shape (kernel §2.2, rule 6): equal texts get equal names in every process. */
export function shapeName(statement: Sql): string | undefined {
  const { text } = statement.compile()
  const known = names.get(text)
  if (known || text.length > longest) return known
  const name = `q_${createHash('sha256').update(text).digest('base64url').slice(0, 22)}`
  names.set(text, name)
  return name
}

/** A name for a statement whose shape a caller chose, such as a domain: from the second time it comes on. */
export function askedName(statement: Sql): string | undefined {
  const { text } = statement.compile()
  if (seenOnce.get(text)) return shapeName(statement)
  if (text.length <= longest) seenOnce.set(text, true)
  return undefined
}
