import assert from 'node:assert/strict'
import OdooAwait from 'odoo-await'
import { keepContacts, keepOut } from './story.ts'
import type { Call, Caller, People } from './wire.ts'

/** odoo-await 3: XML-RPC, bare ids, `{ action: 'create' }` for links, empty values for whatever is left out. */
export async function odooAwait(people: People): Promise<void> {
  const { editor, clerk, neighbour, administrator, company } = people
  const [asEditor, asClerk, asNeighbour] = await Promise.all([editor, clerk, neighbour].map(async (who) => callOf(await connect(who))))
  await keepContacts(asEditor!, 'odoo-await')
  await keepOut({ editor: asEditor!, clerk: asClerk!, neighbour: asNeighbour!, company }, 'odoo-await')
  await itsOwnWays(await connect(editor))
  await externalIds(await connect(administrator))
  await assert.rejects(connect({ ...editor, password: 'wrong' }), /invalid credentials/)
  const forgetful = await connect(editor)
  Object.assign(forgetful, { password: 'changed since' })
  await assert.rejects(forgetful.search('res.partner', {}), /Access [Dd]enied/)
}

/** Its types leave what is read open. */
type Row = Record<string, any>

async function connect({ url, db, login, password }: Caller): Promise<OdooAwait> {
  const client = new OdooAwait({ baseUrl: url, db, username: login, password })
  assert.ok((await client.connect()) > 1)
  return client
}

const callOf =
  (client: OdooAwait): Call =>
  (model, method, args, kwargs = {}) =>
    client.execute_kw(model, method, [args, kwargs])

async function itsOwnWays(client: OdooAwait): Promise<void> {
  const company = await client.create('res.partner', {
    name: 'Aurora Bakery',
    is_company: true,
    child_ids: { action: 'create', value: [{ name: 'Ida' }, { name: 'Otto' }] },
  })
  const [row] = (await client.read('res.partner', company, ['child_ids', 'email'])) as [Row]
  assert.deepEqual([row['child_ids'].length, row['email']], [2, false])
  assert.equal(
    await client.update('res.partner', company, {
      email: 'post@aurora.example',
      category_id: { action: 'create', value: { name: 'Bakers' } },
    }),
    true,
  )
  const [all] = (await client.read('res.partner', [company])) as [Row]
  assert.equal(all['email'], 'post@aurora.example')
  assert.ok(Object.keys(all).length > 40, 'no fields means all of them')
  assert.deepEqual(await client.search('res.partner', { name: 'Aurora Bakery' }), [company])
  assert.deepEqual(await client.search('res.partner', ['name', '=', 'Aurora Bakery']), [company])
  const people = await client.searchRead('res.partner', [['parent_id', '=', company]], ['name'], {
    order: 'name desc',
    limit: 1,
    offset: 0,
    context: {},
  })
  assert.deepEqual(
    (people as Row[]).map((one) => one['name']),
    ['Otto'],
  )
  assert.equal(
    (await client.searchRead('res.partner', { parent_id: company })).length,
    2,
    'limit 0 is none, and an empty order is the own one',
  )
  await client.update('res.partner', row['child_ids'], { function: 'Baker' })
  assert.equal((await client.search('res.partner', { function: 'Baker', parent_id: company })).length, 2)
  const [tag] = all['category_id']
  await client.update('res.partner', company, { category_id: { action: 'clear' } })
  await client.update('res.partner', company, { category_id: { action: 'add', id: [tag] } })
  await client.update('res.partner', company, { category_id: { action: 'replace', id: tag } })
  assert.deepEqual(((await client.read('res.partner', company, ['category_id'])) as [Row])[0]['category_id'], [tag])
  const fields = await client.getFields('res.partner', ['type', 'string'])
  assert.deepEqual(fields.country_id, { type: 'many2one', string: 'Country' })
  assert.deepEqual((await client.getFields('res.partner')).country_id, {}, 'attributes: [] asks for none')
  assert.equal(await client.delete('res.partner', row['child_ids']), true)
  assert.equal(await client.delete('res.partner', company), true)
  assert.deepEqual(await client.search('res.partner', { name: 'Aurora Bakery' }), [])
  await client.delete('res.partner.category', tag)
}

/** Kept by administrators: what a hidden record is called elsewhere is nobody else's to know. */
async function externalIds(client: OdooAwait): Promise<void> {
  const id = await client.create('res.partner', { name: 'From the shop' }, 'customer_4711', 'webshop')
  assert.equal(await client.searchByExternalId('customer_4711'), id)
  assert.equal(valueOf(await client.readByExternalId('customer_4711', ['name']), 'name'), 'From the shop')
  await client.updateByExternalId('customer_4711', { city: 'Wien' })
  assert.equal(valueOf(await client.readByExternalId('customer_4711', ['city']), 'city'), 'Wien')
  await client.deleteByExternalId('customer_4711')
  await assert.rejects(client.searchByExternalId('customer_4711'), /No matching record/)
}

/** The library does not say what it reads. */
const valueOf = (row: unknown, field: string): unknown => (row as Row)[field]
