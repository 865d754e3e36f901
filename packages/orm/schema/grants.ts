import type pg from 'pg'
import type { Registry } from '../registry.ts'
import { type HeldRight, foundations, grantRights, heldRights, revokeRights, runtimeRole, sealRole } from '../sql/schema-grants.ts'
import { kernelTables } from '../sql/kernel.ts'
import type { Grant, SystemTable } from '../sql/system-table.ts'
import { rowsOf } from './rows.ts'

/** Rights by table and role. */
export type Rights = ReadonlyMap<string, ReadonlyMap<string, readonly Grant[]>>

export interface GrantFault {
  readonly says: string
  /** What sets it right; empty where that is not a matter of grants. */
  readonly sql: readonly string[]
}

const everything: readonly Grant[] = ['select', 'insert', 'update', 'delete']

/** The rights that the declarations give: the only ones there are (kernel §2.7: no default privileges). */
export function declaredRights(registry: Registry, tables: readonly SystemTable[]): Rights {
  const rights = new Map<string, Map<string, readonly Grant[]>>()
  for (const { name, runtime, seal = [] } of tables)
    rights.set(
      name,
      new Map([
        [runtimeRole, runtime],
        [sealRole, seal],
      ]),
    )
  for (const model of registry.models.values()) {
    rights.set(model.table, new Map([[runtimeRole, everything]]))
    for (const { links } of model.fields.values()) if (links) rights.set(links.table, new Map([[runtimeRole, everything]]))
  }
  return rights
}

/** Where the rights held differ from those declared, on declared tables that exist. Pure. */
export function compareRights(declared: Rights, held: readonly HeldRight[], existing: ReadonlySet<string>): GrantFault[] {
  const faults: GrantFault[] = []
  for (const [table, byRole] of declared) {
    if (!existing.has(table)) continue
    const here = held.filter((right) => right.table === table)
    for (const role of new Set([...byRole.keys(), ...here.map((right) => right.role)])) {
      const wanted = byRole.get(role) ?? []
      const mine = here.filter((right) => right.role === role)
      const extra = mine.filter((right) => right.column !== null || !(wanted as readonly string[]).includes(right.privilege))
      const missing = wanted.filter((grant) => !mine.some((right) => right.column === null && right.privilege === grant))
      if (extra.length > 0)
        faults.push({
          says: `${role} may ${listed(extra.map((right) => right.privilege))} ${table}, which nothing declares.`,
          sql: [revokeRights(table, role, false), ...(wanted.length > 0 ? [grantRights(table, role, wanted)] : [])],
        })
      if (missing.length > 0)
        faults.push({ says: `${role} may not ${listed(missing)} ${table}, as is declared.`, sql: [grantRights(table, role, wanted)] })
    }
  }
  return faults
}

/**
 * For `erp4 doctor`: every difference between the rights that are granted and those that are declared, tables that nothing declares,
 * owners that a copy of the database would lose, and whatever would let a role get around its rights. Empty when all is well.
 */
export async function checkGrants(
  client: pg.ClientBase,
  { registry, tables }: { registry: Registry; tables: readonly SystemTable[] },
): Promise<GrantFault[]> {
  const declared = declaredRights(registry, withKernel(tables))
  const held = await rowsOf<HeldRight>(client, heldRights)
  const found = await rowsOf<{ name: string; fault: 'owner' | 'table' | 'create' | 'definer'; detail: string | null }>(client, foundations)
  const existing = new Set(found.filter(({ fault }) => fault === 'table').map(({ name }) => name))
  const strange = held.filter(({ table }) => !declared.has(table))
  return [
    ...compareRights(declared, held, existing),
    ...[...declared.keys()]
      .filter((table) => !existing.has(table))
      .map((table) => ({ says: `The table ${table} is declared, but is not there: migrate.`, sql: [] })),
    ...found.filter(({ fault, name }) => fault === 'table' && !declared.has(name)).map(({ name }) => undeclared(name, strange)),
    ...strange
      .filter(({ isSequence }) => isSequence)
      .map(({ table, role, privilege }) => ({
        says: `${role} has ${privilege} on the sequence ${table}, which nothing declares.`,
        sql: [revokeRights(table, role, true)],
      })),
    ...found.flatMap(({ fault, name, detail }) => foundationFault(fault, name, detail)),
  ]
}

/** The kernel's own tables first, whether the caller named them or not. */
export const withKernel = (tables: readonly SystemTable[]): SystemTable[] => [
  ...kernelTables,
  ...tables.filter((table) => !kernelTables.some((own) => own.name === table.name)),
]

function undeclared(name: string, strange: readonly HeldRight[]): GrantFault {
  const mine = strange.filter((right) => right.table === name)
  const roles = [...new Set(mine.map((right) => right.role))]
  const reach =
    mine.length === 0 ? 'nobody but the owner can read it' : mine.map((right) => `${right.role} may ${right.privilege}`).join(', ')
  return { says: `The table ${name} is declared by no app; ${reach}.`, sql: roles.map((role) => revokeRights(name, role, false)) }
}

function foundationFault(fault: 'owner' | 'table' | 'create' | 'definer', name: string, detail: string | null): GrantFault[] {
  if (fault === 'owner')
    return [{ says: `${name} belongs to ${detail} instead of pg_database_owner: a copy of this database could not be migrated.`, sql: [] }]
  if (fault === 'create') return [{ says: `${detail} may create objects in the schema ${name}.`, sql: [] }]
  return fault === 'definer'
    ? [{ says: `The function ${name} runs with the rights of ${detail}; no instance has such functions.`, sql: [] }]
    : []
}

const listed = (privileges: readonly string[]): string => [...new Set(privileges)].join(', ')
