import { start, store, stored } from './start.ts'

const own = start.session.user_companies

/** All companies this user works in, by id. */
export const allCompanies = Object.values(own?.allowed_companies ?? {})

/** The companies whose records are shown, the current one (of new records) first. */
export function companies(): number[] {
  const known = new Set(allCompanies.map(({ id }) => id))
  const chosen = stored<number[]>('companies', []).filter((id) => known.has(id))
  if (chosen.length > 0) return chosen
  const first = own?.current_company
  return [...(first !== undefined && known.has(first) ? [first] : []), ...[...known].filter((id) => id !== first)]
}

/** The one that new records belong to. */
export const currentCompany = (): (typeof allCompanies)[number] | undefined => own?.allowed_companies[String(companies()[0])]

export const chooseCompanies = (ids: readonly number[]): void => store('companies', ids)
