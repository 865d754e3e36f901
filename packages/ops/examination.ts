import { statSync } from 'node:fs'
import { join } from 'node:path'
import { roleStem } from './databases.ts'
import type { Host } from './host.ts'
import { connectAs, listInstances, type Instance } from './instances.ts'
import { hasRoot, rootFacts } from './keys/root.ts'
import { isRootRotating } from './keys/rotation.ts'
import { withClient } from './provision.ts'
import { examineStores } from './stores/examine.ts'
import { examineSurroundings } from './surroundings.ts'

export interface Finding {
  /** `note`: as designed, and worth knowing. */
  level: 'ok' | 'note' | 'fault'
  text: string
}

/** Compares a host with what it should be: who may connect, what roles may do, who can read the keys, whether every instance is whole. */
export async function examineHost(host: Host): Promise<Finding[]> {
  const instances = await listInstances(host)
  const all = await Promise.all([
    openDatabases(host),
    powerfulRoles(host),
    strayDatabases(host, instances),
    Promise.resolve([...keyFiles(host), ...rootKey(host)]),
    examineSurroundings(host),
    examineStores(host.home),
    ...instances.map((instance) => examineInstance(host, instance)),
  ])
  return all.flat()
}

async function openDatabases(host: Host): Promise<Finding[]> {
  const { rows } = await host.db.query<{ datname: string }>(
    `select datname from pg_database where datname <> 'template0' and datname not like 't\\_%'
     and (datacl is null or exists (select from aclexplode(datacl) where grantee = 0))`,
  )
  return verdict(
    rows.map((row) => `Everybody may connect to the database ${row.datname}.`),
    'No database lets everybody connect.',
  )
}

async function powerfulRoles(host: Host): Promise<Finding[]> {
  const { rows } = await host.db.query<{ rolname: string }>(
    `select rolname from pg_roles where rolcanlogin and rolname <> 'postgres' and
       (rolsuper or rolcreaterole or rolreplication or rolbypassrls or (rolcreatedb and rolname <> 'erp4_ops'))`,
  )
  return verdict(
    rows.map((row) => `The role ${row.rolname} has more power than any of ours should.`),
    'No login but the superuser has power over others.',
  )
}

async function strayDatabases(host: Host, instances: readonly Instance[]): Promise<Finding[]> {
  const { rows } = await host.db.query<{ datname: string; datallowconn: boolean }>(
    `select datname, datallowconn from pg_database where datname like 'i\\_%'`,
  )
  const known = new Set(instances.map(({ database }) => database))
  const stems = new Set(instances.map(({ uuid }) => roleStem(uuid)))
  const others = rows.filter((row) => !known.has(row.datname))
  const strays = others.filter(({ datname }) => !stems.has(datname.split('_g')[0]!))
  // A restore keeps what it replaced, closed, for a day; one under way is filling the next.
  const earlier = others.filter((row) => !strays.includes(row))
  return [
    ...verdict(
      strays.map((row) => `The database ${row.datname} belongs to no instance of the registry.`),
      'Every database belongs to an instance.',
    ),
    ...earlier.map(({ datname, datallowconn }) => ({
      level: 'note' as const,
      text: `${datname} is another generation of its instance, ${datallowconn ? 'in the hand of a restore' : 'closed, and kept until a restore can no longer be undone'}.`,
    })),
  ]
}

function keyFiles({ home }: Host): Finding[] {
  const open = ['host.key', 'root.key', 'sealer.key', 'host-signing.key', 'verifier-signing.key'].filter(
    (name) => (statSync(join(home.keys, name), { throwIfNoEntry: false })?.mode ?? 0) & 0o077,
  )
  return verdict(
    open.map((name) => `The key file ${join(home.keys, name)} can be read by others: chmod 600 it.`),
    'Key files are closed to others.',
  )
}

/** Whoever has R and the stores has every instance of this host, past ones too: it belongs on paper, in three places. */
function rootKey({ home }: Host): Finding[] {
  const { id } = rootFacts(home)
  return [
    ...(isRootRotating(home)
      ? [{ level: 'fault' as const, text: 'A rotation of the root key was interrupted: run erp4 keys rotate root again.' }]
      : []),
    hasRoot(home)
      ? {
          level: 'note',
          text: `The root key ${id} lies in this home: whoever is root here has the keys of all its instances. erp4 keys eject takes it away.`,
        }
      : { level: 'ok', text: `The root key ${id} is not on this host.` },
  ]
}

async function examineInstance(host: Host, instance: Instance): Promise<Finding[]> {
  if (instance.state === 'moving')
    return [{ level: 'note', text: `${instance.name} is on its way to another host, and closed here until that has ended.` }]
  if (instance.state === 'moved')
    return [{ level: 'note', text: `${instance.name} has moved to another host; what is left here goes by itself.` }]
  if (instance.state === 'deleted') {
    const until = instance.deleteAfter!.toISOString().slice(0, 10)
    return [{ level: 'note', text: `${instance.name} is deleted; until ${until} it can be brought back.` }]
  }
  if (instance.state !== 'ready')
    return [
      {
        level: 'fault',
        text: `${instance.name} is half ${instance.state === 'creating' ? 'made' : 'deleted'}; the next start removes it.`,
      },
    ]
  try {
    host.keys.instanceKeys(instance.uuid, instance.keyVersion)
    const faults = await withClient(await connectAs(host, instance, 'runtime'), async (db) => {
      const { rows } = await db.query<{ what: string; open: boolean }>(
        `select 'create tables' as what, has_schema_privilege('public', 'create') as open
         union all select 'make temporary tables', has_database_privilege(current_database(), 'temp')
         union all select 'make large objects', has_function_privilege('lo_create(oid)', 'execute') or has_function_privilege('lo_from_bytea(oid, bytea)', 'execute')
         union all select 'become the owner', pg_has_role('pg_database_owner', 'member')
         union all select 'run functions with rights of others', exists (select from pg_proc where prosecdef and pronamespace <> 'pg_catalog'::regnamespace)`,
      )
      return rows.filter((row) => row.open).map((row) => `The runtime role of ${instance.name} can ${row.what}.`)
    })
    return verdict(faults, `${instance.name} is reachable and its runtime role is fenced in.`)
  } catch (error) {
    return [{ level: 'fault', text: `${instance.name} cannot be used: ${(error as Error).message}` }]
  }
}

const verdict = (faults: readonly string[], fine: string): Finding[] =>
  faults.length ? faults.map((text) => ({ level: 'fault', text })) : [{ level: 'ok', text: fine }]
