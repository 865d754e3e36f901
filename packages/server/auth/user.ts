import type { Connection, Registry } from '@erp4/orm'
import { type ProofRow, type SignedRow, userRowById, userRowByLogin } from '../sql/auth-session.ts'
import { impliedGroups } from './groups.ts'
import { userOf } from './proof.ts'
import type { Signed } from './types.ts'

/** Somebody in whose name something is done, and the active languages of his instance. Good for one call, never kept. */
export type Acting = Pick<Signed, 'user' | 'languages' | 'schema'>

/** The active user with this id, with his rights as they are now; undefined when there is none, or he may no longer act. */
export async function userById(cx: Connection, registry: Registry, id: number): Promise<Acting | undefined> {
  const [row] = await cx.query<ProofRow>(userRowById(id), 'auth_user')
  return row && acting(registry, row)
}

/** The same by login, in whatever case. */
export async function userByLogin(cx: Connection, registry: Registry, login: string): Promise<Acting | undefined> {
  const [row] = await cx.query<ProofRow>(userRowByLogin(login.replaceAll('\0', '')))
  return row && acting(registry, row)
}

function acting(registry: Registry, { signed }: ProofRow): Acting {
  const row = JSON.parse(signed) as SignedRow
  return { user: userOf(row, impliedGroups(registry, row.groups)), languages: row.languages, schema: row.schema }
}
