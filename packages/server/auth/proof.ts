import { type Connection, type Lent, Recent, type Sql, type User } from '@erp4/orm'
import type { ProofRow, SignedRow } from '../sql/auth-session.ts'
import type { AuthInstance, Signed } from './types.ts'

/** A token or key that somebody came with, and the statement that says whose it is, with his rights, companies and versions as they are now. */
export interface Proof {
  readonly how: 'session' | 'key'
  /** SHA-256 of the token or key in hex. */
  readonly hash: string
  readonly statement: Sql
}

/** What was presumed of the caller is not so any more: nothing came of his call, and it is to be made again as he is now. */
export class Outdated extends Error {
  override name = 'Outdated'
}

interface Known {
  /** All that was said of him, letter for letter. */
  readonly text: string
  readonly signed: Signed
}

const mostKnown = 1000
const knownOf = new WeakMap<AuthInstance, Recent<string, Known>>()

/** Whose it is, in one statement. Undefined when it is nobody's, or not any more. */
export async function prove(cx: Connection, instance: AuthInstance, proof: Proof): Promise<Signed | undefined> {
  const [row] = await cx.query<ProofRow>(proof.statement, `auth_${proof.how}`)
  const known = knownTo(instance)
  if (!row) {
    known.delete(proof.hash)
    return undefined
  }
  const signed = signedOf(instance, row, proof.how)
  const fresh = proof.how === 'session' ? { ...signed, session: { hash: proof.hash, isStale: false } } : signed
  known.set(proof.hash, { text: row.signed, signed: fresh })
  return row.is_stale ? stale(fresh) : fresh
}

/**
 * Whose it was when this process asked last, a round trip sooner; undefined when it never did. The proof travels with the call's first
 * statement: unless it says letter for letter the same, the call ends with Outdated and comes to nothing. `noteUse` hears when his use should be
 * written down.
 */
export function presume(cx: Lent, instance: AuthInstance, proof: Proof, onStale: (signed: Signed) => void): Signed | undefined {
  const known = knownTo(instance).get(proof.hash)
  if (!known) return undefined
  cx.presume<ProofRow>(proof.statement, `auth_${proof.how}`, ([row]) => {
    if (row?.signed !== known.text) throw new Outdated()
    if (row.is_stale) onStale(stale(known.signed))
  })
  return known.signed
}

function knownTo(instance: AuthInstance): Recent<string, Known> {
  const found = knownOf.get(instance) ?? new Recent<string, Known>(mostKnown)
  knownOf.set(instance, found)
  return found
}

const stale = (signed: Signed): Signed => ({
  ...signed,
  ...(signed.session && { session: { ...signed.session, isStale: true } }),
  ...(signed.key && { key: { ...signed.key, isStale: true } }),
})

/** Somebody as one of the statements of `sql/auth-session.ts` has found him. */
export function signedOf(instance: AuthInstance, { signed }: ProofRow, how: Signed['how']): Signed {
  const row = JSON.parse(signed) as SignedRow
  return {
    user: userOf(row, instance.expandGroups(row.groups)),
    languages: row.languages,
    epoch: row.epoch,
    rules: row.rules,
    schema: row.schema,
    how,
    isConfirmed: row.is_confirmed,
    ...(row.key_id !== null && { key: { id: row.key_id, isStale: false } }),
  }
}

/** The user that a row tells of, in these groups. */
export function userOf(row: SignedRow, groups: ReadonlySet<string>): User {
  return {
    id: row.id,
    login: row.login,
    name: row.name ?? row.login,
    partner_id: row.partner_id,
    commercial_partner_id: row.commercial_partner_id,
    company_id: row.company_id,
    company_ids: row.company_ids,
    groups,
    lang: row.lang !== null && row.languages.includes(row.lang) ? row.lang : 'en_US',
    tz: row.tz ?? 'UTC',
  }
}
