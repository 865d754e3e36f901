/** A filter as the protocol spells it: conditions, all of which must hold, or `&`, `|`, `!` in prefix notation. */
export type Domain = readonly unknown[]

type Values = Readonly<Record<string, unknown>>

/** Whether a record holds what a view's condition asks; the server decides the rest. An empty condition holds. */
export function holds(domain: Domain, values: Values): boolean {
  const stack: boolean[] = []
  for (const term of [...domain].reverse()) {
    if (term === '!') stack.push(!stack.pop())
    else if (term === '&') stack.push([stack.pop(), stack.pop()].every(Boolean))
    else if (term === '|') stack.push([stack.pop(), stack.pop()].some(Boolean))
    else stack.push(compare(term as readonly [string, string, unknown], values))
  }
  return stack.every(Boolean)
}

function compare([field, operator, wanted]: readonly [string, string, unknown], values: Values): boolean {
  const value = plain(values[field])
  const list = (Array.isArray(wanted) ? wanted : [wanted]).map(plain)
  switch (operator.toLowerCase()) {
    case '=':
    case 'in':
      return Array.isArray(value)
        ? value.some((one) => list.includes(one)) || (value.length === 0 && list.includes(false))
        : list.includes(value)
    case '!=':
    case '<>':
    case 'not in':
      return !compare([field, 'in', wanted], values)
    case '<':
      return value !== false && (value as number) < (wanted as number)
    case '<=':
      return value !== false && (value as number) <= (wanted as number)
    case '>':
      return value !== false && (value as number) > (wanted as number)
    case '>=':
      return value !== false && (value as number) >= (wanted as number)
    case 'ilike':
      return String(value || '')
        .toLowerCase()
        .includes(String(wanted).toLowerCase())
    case 'any': {
      const lines = linesIn(values[field])
      return lines ? lines.some((line) => holds(wanted as Domain, line)) : Array.isArray(value) ? value.length > 0 : Boolean(value)
    }
    case 'not any':
      return !compare([field, 'any', wanted], values)
    default:
      return true
  }
}

/** Of lines in a form their values; of other links no more is known than their names. */
const linesIn = (value: unknown): readonly Values[] | undefined =>
  typeof value === 'object' && value !== null && 'lines' in value
    ? (value.lines as readonly { readonly values: Values }[]).map((line) => line.values)
    : undefined

/** Unset is false; a linked record is its id. */
function plain(value: unknown): unknown {
  if (value === null || value === undefined || value === '') return false
  if (Array.isArray(value)) return value.map((one) => plain(one))
  if (typeof value === 'object') return (value as { id?: unknown }).id ?? false
  return value
}

/** All of these at once. A domain in prefix notation is one term however many conditions it has, so they can stand side by side. */
export const all = (...domains: readonly Domain[]): Domain => domains.flat()

/** Any of these. Each is first made a single term. */
export function any(domains: readonly Domain[]): Domain {
  const terms = domains.map(single)
  return terms.length === 0 ? [] : [...Array.from({ length: terms.length - 1 }, () => '|'), ...terms.flat()]
}

function single(domain: Domain): Domain {
  if (domain.length === 0) return [[1, '=', 1]]
  let open = 0
  for (const term of [...domain].reverse()) open += term === '&' || term === '|' ? -1 : term === '!' ? 0 : 1
  return [...Array.from({ length: open - 1 }, () => '&'), ...domain]
}
