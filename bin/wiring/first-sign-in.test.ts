import assert from 'node:assert/strict'
import { test } from 'node:test'
import { base } from '@erp4/base'
import { connectAs, listInstances } from '@erp4/ops'
import { type Sql, sql } from '@erp4/orm'
import { verifyPassword } from '@erp4/server'
import { withCluster, world } from '@erp4/testing'
import { erp } from '../erp.ts'

const here = await world(base)
const host = await withCluster()
const instance = (await listInstances(host)).find(({ database }) => database === here.database)!
const rows = <R>(statement: Sql) => here.databases.use(here.database, (cx) => cx.query<R>(statement))

test('the administrator of a new instance gets a password that only its hash is kept of, written in the trail, and none a second time', async () => {
  const runtime = await connectAs(host, instance, 'runtime')
  const [first, second] = await Promise.all([erp.firstSignIn(), erp.firstSignIn()])
  assert.match(first.password, /^(?:[a-hjkmnp-z2-9]{5}-){3}[a-hjkmnp-z2-9]{5}$/)
  assert.notEqual(first.password, second.password)
  await first.set(instance.name, runtime)
  const [user] = await rows<{ id: number; password: string }>(sql`select id, password from res_users where login = ${first.login}`)
  assert.equal((await verifyPassword(user!.password, first.password)).matches, true)
  const trail = await rows<{ change: unknown }>(
    sql`select change from audit_in where model = 'res.users' and rec = ${user!.id}::int4 and source = 'first password'`,
  )
  assert.deepEqual(trail, [{ change: { password: ['…', '…'], sec_version: [0, 1] } }])

  await assert.rejects(second.set(instance.name, runtime), /no user admin without a password/)
  assert.deepEqual(await rows(sql`select id, password from res_users where login = 'admin'`), [user])
})
