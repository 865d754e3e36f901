import type { Env } from '../env.ts'
import { Recent } from '../recent.ts'
import type { Registry } from '../registry.ts'
import type { Sql } from '../sql/fragment.ts'

/** A statement, with whatever else was found out while it was made. */
interface Made {
  readonly statement: Sql
}

/** What differs between two calls that ask for the same statement, by name; `ids`, if any, are put in as a list or as one (`oneOf`). */
type Given = { readonly ids?: readonly number[] } & { readonly [name: string]: unknown }

interface Kept {
  readonly made: Made
  /** Which of the statement's values are given, by name; of a single id, the id. */
  readonly places: readonly { readonly at: number; readonly name: string; readonly isSingle: boolean }[]
}

/** So many statements of a registry are kept, over all instances and users that share it. */
const most = 1500
const kept = new WeakMap<Registry, Recent<string, Kept>>()

/**
 * What `make` makes, made once for each `key` and caller: making a statement of the ORM takes longer than sending it. `make` gets stand-ins
 * for what is given, and must put them into the statement as values, untouched; everything else that it looks at must follow from the
 * key, from the declarations or from the caller. What looks at the clock or at the whole context says so (`call.isVolatile`) and is not kept.
 *
 * Holds no data of an instance. Two callers share a statement only if all that rules may ask of them is the same (kernel §2.2).
 */
export function keptStatement<G extends Given, M extends Made>(env: Env, key: string, given: G, make: (standIns: G) => M): M {
  const known = kept.get(env.registry) ?? new Recent<string, Kept>(most)
  kept.set(env.registry, known)
  const { ids } = given
  const full = `${callerKey(env)}|${ids ? caseOf(ids) : ''}|${key}`
  const found = known.get(full)
  if (found) return filled(found, given) as M
  const standIns = standInsFor(given)
  const made = make(standIns)
  const one: Kept = { made, places: placesOf(made.statement, standIns) }
  if (!env.call.isVolatile) known.set(full, one)
  return filled(one, given) as M
}

function filled({ made, places }: Kept, given: Given): Made {
  const statement = made.statement.withValues((values) => {
    const own = [...values]
    for (const { at, name, isSingle } of places) own[at] = isSingle ? given.ids![0] : given[name]
    return own
  })
  return { ...made, statement }
}

/** Lists are told apart by what statements make of them: one id, ids in order, ids to be answered in the order given. */
const lists = { ordered: Object.freeze([1, 2]), asGiven: Object.freeze([2, 1]) }
const caseOf = (ids: readonly number[]): 'one' | keyof typeof lists => (ids.length === 1 ? 'one' : isAscending(ids) ? 'ordered' : 'asGiven')

export const isAscending = (ids: readonly number[]): boolean => ids.every((id, i) => i === 0 || ids[i - 1]! < id)

/** Objects that nothing else can be: whatever a rule or a domain compares with, it is not mistaken for one of them. */
function standInsFor<G extends Given>(given: G): G {
  const standIns = Object.fromEntries(Object.keys(given).map((name) => [name, {}]))
  if (given.ids) standIns['ids'] = given.ids.length === 1 ? [{}] : lists[caseOf(given.ids) as keyof typeof lists]
  return standIns as unknown as G
}

type Place = Kept['places'][number]

function placesOf(statement: Sql, standIns: Given): Place[] {
  const single = standIns.ids?.length === 1 ? standIns.ids[0] : undefined
  return statement.compile().values.flatMap((value, at): Place[] => {
    if (single !== undefined && value === single) return [{ at, name: 'ids', isSingle: true }]
    const name = Object.keys(standIns).find((one) => standIns[one] === value)
    return name === undefined ? [] : [{ at, name, isSingle: false }]
  })
}

const callerKeys = new WeakMap<Env, string>()
const groupKeys = new WeakMap<ReadonlySet<string>, string>()

/** All that a statement may depend on: without rules, the languages and companies that values are read in. */
export function callerKey(env: Env): string {
  const known = callerKeys.get(env)
  if (known !== undefined) return known
  const { user, context } = env
  const asked = `${context.lang}|${context.tz}|${context.active_test}|${env.me.company_id}`
  const key = env.isSystem
    ? `system|${asked}`
    : `${asked}|${user.id}|${user.partner_id}|${user.commercial_partner_id}|${user.company_id}|${context.allowed_company_ids.join(',')}|${groupKey(user.groups)}`
  callerKeys.set(env, key)
  return key
}

function groupKey(groups: ReadonlySet<string>): string {
  const known = groupKeys.get(groups) ?? [...groups].sort().join(',')
  groupKeys.set(groups, known)
  return known
}
