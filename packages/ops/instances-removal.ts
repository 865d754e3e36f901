import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { dropDatabase, roleStem } from './databases.ts'
import { sweepDownloads } from './download/spool.ts'
import type { Host } from './host.ts'

/**
 * Removes everything of an instance from this host: its databases of all generations, roles, files, keys, registry row. Each step finds its
 * thing gone if it ran before. The row goes last: as long as it is there, `sweepInstances` comes back.
 */
export async function removeInstance(host: Host, uuid: string): Promise<void> {
  await host.db.query(`update instance set state = 'deleting', delete_after = null where uuid = $1`, [uuid])
  const { rows } = await host.db.query<{ name: string }>('select datname as name from pg_database where starts_with(datname, $1)', [
    `${roleStem(uuid)}_g`,
  ])
  for (const { name } of rows) await dropDatabase(host, name)
  await host.db.query('select drop_instance_roles($1)', [uuid])
  host.keys.removeInstanceKeys(uuid)
  rmSync(join(host.home.files, uuid), { recursive: true, force: true })
  sweepDownloads(host.home, { instance: uuid })
  await host.db.query('delete from instance where uuid = $1', [uuid])
}
