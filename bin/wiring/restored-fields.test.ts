import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { administrator, base } from '@erp4/base'
import { contacts } from '@erp4/contacts'
import {
  buildDownload,
  connectAs,
  discardInstance,
  findInstance,
  findPostgres,
  listInstances,
  proveSet,
  restoreAside,
  restoreOverLive,
  restoreUpload,
  runBackup,
  withClient,
  withScratch,
  type ErpTasks,
  type Instance,
  type Scratch,
} from '@erp4/ops'
import { Databases, finishCall, loadCustom, planMigration, settleCustomFields, sql, viewsFor, withCustomFields } from '@erp4/orm'
import { openSystemEnv, serverTables } from '@erp4/server'
import { withCluster, world } from '@erp4/testing'
import { expectedCatalogue, languagesIn } from './catalogue.ts'
import { neutralise } from './neutralise.ts'
import { migrateAs } from './schema.ts'
import { carryOver, reconcile } from './time-travel.ts'

// Fields that people made are columns that no app knows of. Whichever way an instance comes back, they come back: definition, values and view.

const here = await world([base, contacts])
const host = await withCluster()
const live = (await listInstances(host)).find(({ database }) => database === here.database)!
const folder = mkdtempSync(join(tmpdir(), 'erp4-fields-'))
const sides: string[] = []
// One for all that needs such a cluster.
const [begun, over] = [Promise.withResolvers<Scratch>(), Promise.withResolvers<void>()]
const scratching = withScratch(host.home, async (made) => {
  begun.resolve(made)
  await over.promise
})
const scratch = await begun.promise
after(async () => {
  over.resolve()
  await scratching
  rmSync(folder, { recursive: true })
  for (const name of sides) await discardInstance(host, name)
})

/** The ERP's part of a restore in this process, as its children do it. */
const erp: ErpTasks = {
  release: 'test',
  migrate: async (one) => void (await migrateAs(await owner(one), one.apps, { allow: [] })),
  expectedCatalogue: async (apps, like) =>
    expectedCatalogue(await connectAs(scratch.host, await scratch.empty(apps), 'owner'), apps, like ? await languagesIn(like) : []),
  carryOver: async (one) => ({ ...(await carryOver(await owner(one))) }),
  reconcile: async (one, carried, journey) => ({ ...(await reconcile(await owner(one), carried as never, { journey })) }),
  rewrap: () => Promise.resolve(0),
  neutralise: async (copy) => {
    const wrap = (of: string) => host.keys.instanceKeys(of, 1).derive('files').toString('base64')
    const from = copy.copyOf ?? copy.uuid
    const access = { record: { apps: copy.apps } as never, owner: await owner(copy), runtime: {} }
    await neutralise(access, { from: { instance: from, wraps: [wrap(from)] }, to: { instance: copy.uuid, wrap: wrap(copy.uuid) } })
  },
}

const owner = (one: Instance) => connectAs(host, one, 'owner')
const asOwner = async <T>(one: Instance, work: Parameters<typeof withClient<T>>[1]): Promise<T> => withClient(await owner(one), work)
const statements = (one: Instance, ...texts: string[]) =>
  asOwner(one, async (client) => {
    for (const text of ['set role pg_database_owner', ...texts]) await client.query(text)
  })

const ruth = await here.person(administrator)
const [managers] = (await here.system.model('res.groups').search([['key', '=', administrator.name]])).ids

/** As an administrator asks for it, and then as the owner of the tables makes it. */
async function makeField(name: string, kind: string, more: Record<string, unknown> = {}): Promise<number> {
  const label = { en_US: `The ${name}`, ko_KR: `그 ${name}` }
  const plain = { model: 'res.partner', name, kind, label, help: {}, options: [], groups: [], form: 'tab', search: true }
  const made = await ruth.dispatch('ir.model.fields', 'define_field', { ids: [] }, { definition: { ...plain, ...more } })
  await here.asOwner((client) => settleCustomFields(client, here.registry))
  return (made as { id: number }).id
}

/** What an instance holds of such fields, read as its runtime role with the registry that a server makes of what it finds there. */
async function look(one: Instance) {
  const databases = new Databases(() => connectAs(host, one, 'runtime'))
  try {
    return await databases.transaction(one.database, async (cx) => {
      const { fields } = await loadCustom(cx)
      const registry = withCustomFields(here.registry, fields)
      const env = openSystemEnv(cx, { registry, files: null, source: 'test' })
      const rows = await cx.query<{ row: Record<string, unknown> }>(
        sql`select row_to_json(p) as row from res_partner p where name = 'Fielded' or name = 'Plain' order by name`,
      )
      const partner = registry.models.get('res.partner')!
      const form = JSON.stringify(viewsFor(env, partner)!.views['form']!.nodes)
      await finishCall(env)
      return {
        definitions: fields,
        rows: rows.map(({ row }) => Object.fromEntries(Object.entries(row).filter(([name]) => name.startsWith('x_')))),
        known: [...partner.fields.keys()].filter((name) => name.startsWith('x_')),
        inForm: fields.map(({ name }) => name).filter((name) => form.includes(`"${name}"`)),
      }
    })
  } finally {
    await databases.close()
  }
}

/** What a migration would still have to do. */
const planned = (one: Instance): Promise<string[]> =>
  asOwner(one, async (client) =>
    (await planMigration(client, { registry: here.registry, tables: serverTables })).steps.map(({ says }) => says),
  )

const present = () => findInstance(host, live.name)
const aside = (name: string) => {
  sides.push(name)
  return { name, hosts: [], days: 1, erp }
}

let set: string
let then: Awaited<ReturnType<typeof look>>
let old: number

test('a set with fields that people made passes its restore test, and to the side it has their definitions, values and places', async () => {
  await makeField('x_char', 'char', { size: 5 })
  await makeField('x_text', 'text')
  await makeField('x_whole', 'integer', { required: true, default: '3' })
  await makeField('x_exact', 'float', { digits: 2 })
  await makeField('x_double', 'float')
  await makeField('x_flag', 'boolean')
  await makeField('x_day', 'date')
  await makeField('x_at', 'datetime')
  await makeField('x_pick', 'selection', { options: [{ label: { en_US: 'First', ko_KR: '첫째' } }, { label: { en_US: 'Second' } }] })
  await makeField('x_tag', 'many2one', { relation: 'res.partner.category', onDelete: 'restrict' })
  await makeField('x_secret', 'char', { groups: [managers] })
  old = await makeField('x_old', 'integer')
  await here.system.model('res.partner').create({ name: 'Plain' })
  await here.system.model('res.partner').create({ name: 'Fielded' })
  await statements(
    live,
    `insert into res_partner_category (name, active) values ('{"en_US": "Gold"}', true)`,
    `update res_partner set x_char = 'gold', x_text = E'one\n"two" \\\\', x_whole = 7, x_exact = 12.35, x_double = 0.1, x_flag = true,
       x_day = '2027-03-31', x_at = '2027-03-31 10:20:30', x_pick = 'first', x_secret = 'closed', x_old = 1,
       x_tag = (select max(id) from res_partner_category) where name = 'Fielded'`,
  )
  await ruth.dispatch('ir.model.fields', 'delete_field', { ids: [old] }, { name: 'x_old' })
  then = await look(live)
  assert.equal(then.definitions.length, 12)
  assert.deepEqual(then.inForm.toSorted(), then.definitions.flatMap(({ name, phase }) => (phase === 'ready' ? [name] : [])).toSorted())
  assert.deepEqual(
    [then.rows[0]!['x_char'], then.rows[0]!['x_exact'], then.rows[0]!['x_old'], then.rows[1]!['x_flag']],
    ['gold', 12.35, 1, false],
  )
  set = (await runBackup(host, live.name)).id
  const proof = await proveSet(host, set, { scratch })
  assert.equal(proof.result, 'pass', proof.reason)
  const { instance } = await restoreAside(host, { ...aside('fields-aside'), set })
  assert.deepEqual(await look(instance), then)
  assert.deepEqual(await planned(instance), [])
})

test('over live the fields of the set are back, one whose column was dropped since with its values, and none that came later', async () => {
  await makeField('x_new', 'char')
  await statements(
    live,
    `update res_partner set x_new = 'later', x_char = 'other' where name = 'Fielded'`,
    `update ir_model_fields set delete_after = now() at time zone 'utc' - interval '1 minute' where id = ${old}`,
  )
  await here.asOwner((client) => settleCustomFields(client, here.registry))
  const since = await look(live)
  assert.deepEqual([since.rows[0]!['x_new'], 'x_old' in since.rows[0]!], ['later', false])
  await restoreOverLive(host, live.name, { set, confirm: live.name, erp })
  const back = await present()
  assert.equal(back.generation, live.generation + 1)
  assert.deepEqual(await look(back), then)
  assert.deepEqual(await planned(back), [])
  // The deleted field has its grace again, and with it its values.
  await statements(back, `update ir_model_fields set phase = 'asked', delete_after = null where id = ${old}`)
  const { made, failed } = await asOwner(back, (client) => settleCustomFields(client, here.registry))
  assert.deepEqual([made, failed], [['res.partner.x_old'], []])
  assert.equal((await look(back)).rows[0]!['x_old'], 1)
})

test('a set of an older version of the apps is migrated with the fields in it, and none of them is touched', async () => {
  const now = await present()
  await statements(
    now,
    'alter table res_partner drop column website',
    'drop index res_partner_x_tag_idx',
    `update meta set apps = apps || '{"base": "0.1.0"}'`,
  )
  const older = await runBackup(host, live.name)
  const before = await look(now)
  const { instance } = await restoreAside(host, { ...aside('fields-older'), set: older.id })
  assert.deepEqual(await look(instance), before)
  assert.deepEqual(await planned(instance), [])
  await asOwner(instance, async (client) => {
    const { rows } = await client.query(`select website, (select apps ->> 'base' from meta) as base from res_partner limit 1`)
    assert.equal(rows[0].website, null)
    assert.notEqual(rows[0].base, '0.1.0')
  })
  await erp.migrate(now)
})

test('downloaded, and uploaded as a stranger’s dump, they come back with their links and indexes made anew', async () => {
  const now = await present()
  const before = await look(now)
  const archive = await buildDownload(host, (await runBackup(host, live.name)).id)
  execFileSync('python3', ['-m', 'zipfile', '--extract', archive.path, folder])
  const order = { ...aside('fields-uploaded'), file: join(folder, 'db.dump'), apps: now.apps, scratch }
  const { instance } = await restoreUpload(host, order)
  assert.deepEqual(await look(instance), before)
  assert.deepEqual(await planned(instance), [])
})

test('a dump whose own columns are not what its definitions say is no way to anything but a plain column', async () => {
  const now = await present()
  await statements(
    now,
    `update ir_model_fields set name = 'x_text"; drop table res_partner; --' where name = 'x_text' and state = 'manual'`,
    `update ir_model_fields set ttype = 'many2one', relation = 'res.users.apikeys' where name = 'x_whole' and state = 'manual'`,
    'alter table res_partner add x_stray text',
  )
  const file = join(folder, 'hostile.dump')
  const { host: at, user, password, database } = await owner(now)
  execFileSync(join(findPostgres().dir, 'pg_dump'), ['-Fc', '-f', file, '-h', at!, '-U', user!, '-d', database!], {
    env: { PATH: process.env['PATH'], PGPASSWORD: password as string },
  })
  const order = { ...aside('fields-hostile'), file, apps: now.apps, scratch }
  const { instance } = await restoreUpload(host, order)
  const { known, rows, inForm } = await look(instance)
  for (const name of ['x_text', 'x_whole', 'x_stray'] as const) {
    assert.ok(!known.includes(name), name)
    assert.ok(!inForm.includes(name), name)
    assert.ok(name in rows[0]!, 'the values stay where nobody reads them')
  }
  assert.ok(known.includes('x_char'))
})
