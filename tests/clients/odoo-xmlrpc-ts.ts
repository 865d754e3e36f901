import assert from 'node:assert/strict'
import { OdooClient } from 'odoo-xmlrpc-ts'
import { keepContacts, keepOut } from './story.ts'
import type { Call, Caller, People } from './wire.ts'

/** odoo-xmlrpc-ts 1: XML-RPC with keyword arguments; of a fault only the text survives. */
export async function odooXmlrpcTs({ editor, clerk, neighbour, company }: People): Promise<void> {
  const [asEditor, asClerk, asNeighbour] = [editor, clerk, neighbour].map((who) => callOf(clientOf(who)))
  await keepContacts(asEditor!, 'odoo-xmlrpc-ts')
  await keepOut({ editor: asEditor!, clerk: asClerk!, neighbour: asNeighbour!, company }, 'odoo-xmlrpc-ts')
  await itsOwnWays(clientOf(editor))
  await assert.rejects(clientOf({ ...editor, password: 'wrong' }).authenticate(), /Authentication failed|credentials/i)
  await assert.rejects(clientOf({ ...editor, db: 'somebody_elses' }).authenticate(), /somebody_elses/)
}

const clientOf = ({ url, db, login, password }: Caller): OdooClient => new OdooClient({ url, db, username: login, password })

const callOf =
  (client: OdooClient): Call =>
  (model, method, args, kwargs = {}) =>
    client.execute(model, method, [...args], kwargs)

async function itsOwnWays(client: OdooClient): Promise<void> {
  const { server_serie, server_version_info } = await client.version()
  assert.deepEqual([server_serie, server_version_info[0]], ['19.0', 19])
  assert.ok((await client.authenticate()) > 1)
  const id = await client.create('res.partner', { name: 'Nordlicht GmbH', is_company: true })
  assert.deepEqual(await client.search('res.partner', [['name', '=', 'Nordlicht GmbH']], { limit: 5, order: 'id desc' }), [id])
  assert.equal(await client.searchCount('res.partner', [['name', '=', 'Nordlicht GmbH']]), 1)
  assert.equal(await client.write('res.partner', [id], { city: 'Kiel' }), true)
  const [row] = await client.searchRead<{ city: string }>('res.partner', [['id', '=', id]], { fields: ['city'], limit: 1, offset: 0 })
  assert.deepEqual(row, { id, city: 'Kiel' })
  const [all] = await client.read<Record<string, unknown>>('res.partner', [id])
  assert.deepEqual([all!['city'], all!['country_id'], all!['child_ids']], ['Kiel', false, []])
  assert.equal((await client.fieldsGet('res.partner'))['parent_id']?.type, 'many2one')
  assert.equal(await client.unlink('res.partner', [id]), true)
  assert.deepEqual(await client.read('res.partner', [id], ['city']), [])
}
