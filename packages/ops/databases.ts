import type { Host } from './host.ts'

/** The only names that ops puts into a statement: its own, which need no quoting and hold no surprise. */
export function identifier(name: string): string {
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(name)) throw new Error(`${JSON.stringify(name)} is no name of a database or role of ours`)
  return name
}

export const roleStem = (uuid: string): string => `i_${uuid.replaceAll('-', '')}`

/** The database of one generation of an instance, as the registry computes it. */
export const databaseOf = (uuid: string, generation: number): string => `${roleStem(uuid)}_g${generation}`

/** Makes a closed copy of `template`, owned and used by the three roles of an instance: PUBLIC never had a moment to connect. */
export async function createDatabase(host: Host, database: string, template: string, uuid: string): Promise<void> {
  const [name, stem] = [identifier(database), identifier(roleStem(uuid))]
  await host.db.query(`create database ${name} template ${identifier(template)} owner ${stem}_owner allow_connections false`)
  await host.db.query(`revoke all on database ${name} from public`)
  await host.db.query(`grant connect on database ${name} to ${stem}_owner, ${stem}_runtime, ${stem}_seal`)
  await host.db.query(`alter database ${name} with allow_connections true`)
}

/** From here on no server, worker or task gets in, whatever it remembers; those inside are put out. Owner and sealer stay. */
export async function closeToUsers(host: Host, { uuid, database }: { uuid: string; database: string }): Promise<void> {
  const runtime = `${identifier(roleStem(uuid))}_runtime`
  await host.db.query(`revoke connect on database ${identifier(database)} from ${runtime}`)
  await host.db.query('select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1 and usename = $2', [
    database,
    runtime,
  ])
}

/** Lets servers and workers in again. */
export async function openToUsers(host: Host, { uuid, database }: { uuid: string; database: string }): Promise<void> {
  await host.db.query(`grant connect on database ${identifier(database)} to ${identifier(roleStem(uuid))}_runtime`)
}

export async function dropDatabase(host: Host, database: string): Promise<void> {
  const name = identifier(database)
  const { rowCount } = await host.db.query('select from pg_database where datname = $1', [name])
  if (!rowCount) return
  await host.db.query(`alter database ${name} with allow_connections false`)
  await host.db.query(`drop database ${name} with (force)`)
}
