/**
 * SQL as values. Text comes from this repository's source alone, identifiers from the registry, everything else is a
 * parameter: a query made of these fragments cannot be talked into another shape by its input.
 */
export class Sql {
  /** The literal pieces around the parts; one more than `#parts`. */
  readonly #texts: readonly string[]
  readonly #parts: readonly unknown[]
  #compiled: { text: string; values: unknown[] } | null = null

  private constructor(texts: readonly string[], parts: readonly unknown[]) {
    this.#texts = texts
    this.#parts = parts
  }

  static tagged(texts: TemplateStringsArray, ...parts: unknown[]): Sql {
    return new Sql(texts, parts)
  }

  /** One level, however long the list: nested fragments would exhaust the stack. */
  static joined(list: readonly Sql[], separator: string): Sql {
    return new Sql(['', ...Array<string>(list.length - 1).fill(separator), ''], list)
  }

  static fixed(text: string): Sql {
    return new Sql([text], [])
  }

  /** The statement as PostgreSQL takes it: text with $1…$n, and the values. Compiled once, however often it is asked for. */
  compile(): { readonly text: string; readonly values: unknown[] } {
    if (this.#compiled) return this.#compiled
    const out = { text: '', values: [] as unknown[] }
    this.#append(out)
    this.#compiled = out
    return out
  }

  /** The same statement with other values: `change` gets the compiled ones. */
  withValues(change: (values: readonly unknown[]) => unknown[]): Sql {
    const { text, values } = this.compile()
    const copy = new Sql([], [])
    copy.#compiled = { text, values: change(values) }
    return copy
  }

  #append(out: { text: string; values: unknown[] }): void {
    out.text += this.#texts[0]!
    for (let i = 0; i < this.#parts.length; i++) {
      const part = this.#parts[i]
      if (part instanceof Sql) part.#append(out)
      else {
        out.values.push(part)
        out.text += `$${out.values.length}`
      }
      out.text += this.#texts[i + 1]!
    }
  }
}

/** A query or a piece of one; `${value}` becomes a parameter, `${fragment}` is woven in. */
export const sql = Sql.tagged

const identifier = /^[a-z_][a-z0-9_$]{0,62}$/

// Names are those of models, fields and aliases: few, and asked for thousands of times in one call.
const identifiers = new Map<string, Sql>()
const mostIdentifiers = 20_000

/** The name of a table or a column. Only names that the registry or our own source holds may be given. */
export function ident(name: string): Sql {
  const known = identifiers.get(name)
  if (known) return known
  if (!identifier.test(name)) throw new Error(`'${name}' cannot be the name of a table or a column`)
  const made = Sql.fixed(`"${name}"`)
  if (identifiers.size < mostIdentifiers) identifiers.set(name, made)
  return made
}

/** `alias.column`. */
export const column = (alias: string, name: string): Sql => sql`${ident(alias)}.${ident(name)}`

/** A string that our own code makes (a language code, a JSON key), as an SQL literal: where a parameter would hide an index. */
export function literal(text: string): Sql {
  if (text.includes('\0') || text.includes('\\')) throw new Error('A literal holds neither NUL nor a backslash')
  return Sql.fixed(`'${text.replaceAll("'", "''")}'`)
}

/** A whole number of at least 0 as itself: a prepared plan for any limit would be one for a tenth of the table. */
export function whole(number: number): Sql {
  if (!Number.isSafeInteger(number) || number < 0) throw new Error('A whole number of at least 0 is needed')
  return Sql.fixed(String(number))
}

export const empty = Sql.fixed('')

export function join(list: readonly Sql[], separator: ', ' | ' and ' | ' or ' | ' ' | ' union all ' = ', '): Sql {
  return list.length === 0 ? empty : Sql.joined(list, separator)
}
