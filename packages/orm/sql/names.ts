import { createHash } from 'node:crypto'
import type { Sql } from './fragment.ts'

/** Prepared statements are kept per connection, for ever: so many shapes may have a name, the rest go without. */
const most = 400
const names = new Map<string, string>()

/** A name for a statement of fixed shape (kernel §2.2, rule 6): equal texts get equal names in every process. */
export function shapeName(statement: Sql): string | undefined {
  const { text } = statement.compile()
  const known = names.get(text)
  if (known || names.size >= most || text.length > 8000) return known
  const name = `q_${createHash('sha256').update(text).digest('base64url').slice(0, 22)}`
  names.set(text, name)
  return name
}
