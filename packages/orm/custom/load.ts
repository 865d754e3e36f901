import { createHash } from 'node:crypto'
import type { Connection } from '../databases.ts'
import { Recent } from '../recent.ts'
import { type Registry, assemble } from '../registry.ts'
import { type CustomRows, askedCustom, hasCustom, readCustom, readVersion, waitingCustom } from '../sql/custom.ts'
import { type CustomField, parseCustom } from './definition.ts'

/** What the people of an instance made, as of a version of its schema (`meta.schema`). */
export interface CustomState {
  readonly schema: number
  readonly fields: readonly CustomField[]
}

/** `meta.schema`: raised whenever the tables or what people made of them change. */
export async function schemaVersion(cx: Connection): Promise<number> {
  const [row] = await cx.query<{ schema: number }>(readVersion, 'schema_version')
  return row!.schema
}

/**
 * Every definition, whatever its phase, and the version that it is of: found by one statement. None in a database that is older than such fields,
 * which is served until it is upgraded.
 */
export async function loadCustom(cx: Connection): Promise<CustomState> {
  if (!(await isKnown(cx))) return { schema: await schemaVersion(cx), fields: [] }
  const [row] = await cx.query<CustomRows>(readCustom)
  return { schema: row!.schema, fields: row!.fields.flatMap((one) => parseCustom(one) ?? []) }
}

/** Definitions alone, also where there is no table at all yet: for migrations. */
export const loadCustomIfAny = async (cx: Connection): Promise<readonly CustomField[]> =>
  (await isKnown(cx)) ? (await loadCustom(cx)).fields : []

const isKnown = async (cx: Connection): Promise<boolean> => (await cx.query<{ known: boolean }>(hasCustom))[0]!.known

/** How many fields were asked for whose columns are still to be made, and of which nothing is known to stand in the way. */
export async function countAsked(cx: Connection): Promise<number> {
  const [row] = await cx.query<{ n: number }>(askedCustom)
  return row!.n
}

/** Whether fields wait for the owner of the tables: to be made, or to go. */
export const hasOwnerWork = async (cx: Connection): Promise<boolean> => (await isKnown(cx)) && (await cx.query(waitingCustom)).length > 0

/** Registries with fields of people's own that a process keeps for each set of apps; one takes 0.7 MB and 20 ms to make. */
const mostKept = 50
const kept = new WeakMap<Registry, Recent<string, Registry>>()

/** The registry with those fields that are in use. Instances in which people made the same share it; without any it is `base` itself. */
export function withCustomFields(base: Registry, fields: readonly CustomField[]): Registry {
  const inUse = fields.filter(({ phase }) => phase === 'ready')
  if (inUse.length === 0) return base
  const known = kept.get(base) ?? new Recent<string, Registry>(mostKept / 2)
  kept.set(base, known)
  const key = createHash('sha256').update(JSON.stringify(inUse)).digest('base64')
  const found = known.get(key) ?? assemble(base.apps, inUse)
  known.set(key, found)
  return found
}
