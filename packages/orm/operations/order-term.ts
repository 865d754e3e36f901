/** A term of an order as the wire writes it: `date`, `"date" desc`, `date:month asc nulls last`. */
export interface OrderWords {
  readonly name: string
  readonly descending: boolean
}

const quoted = /^"[^"]*"$/
const rest = /^(asc|desc)?(?: ?nulls (?:first|last))?$/

/**
 * The words of an order's term, undefined for what is none. Taken apart word by word: a pattern over the whole with a gap before each of its optional
 * parts tries a gap of a million spaces in a million times a million ways.
 */
export function orderTerm(term: string): OrderWords | undefined {
  const [name = '', ...words] = term.trim().split(/\s+/)
  const [, direction] = rest.exec(words.join(' ').toLowerCase()) ?? [undefined, null]
  if (name === '' || direction === null) return undefined
  return { name: quoted.test(name) ? name.slice(1, -1) : name, descending: direction === 'desc' }
}
