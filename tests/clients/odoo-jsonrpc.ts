import assert from 'node:assert/strict'
import jsonrpc from '@fernandoslim/odoo-jsonrpc'
import { makeKey } from './json2.ts'
import { keepContacts, keepOut } from './story.ts'
import type { Call, Caller, People } from './wire.ts'

// A CommonJS package: what it exports by default arrives inside what Node imports by default.
const OdooJSONRpc = (jsonrpc as unknown as { default: typeof jsonrpc.default }).default
type Client = InstanceType<typeof OdooJSONRpc>

/** @fernandoslim/odoo-jsonrpc 2: a session by cookie, or `/jsonrpc` with an API key. */
export async function odooJsonrpc({ editor, clerk, neighbour, administrator, company }: People): Promise<void> {
  const [asEditor, asClerk, asNeighbour] = await Promise.all([editor, clerk, neighbour].map(async (who) => callOf(await connect(who))))
  await keepContacts(asEditor!, 'odoo-jsonrpc')
  await keepOut({ editor: asEditor!, clerk: asClerk!, neighbour: asNeighbour!, company }, 'odoo-jsonrpc')
  await itsOwnWays(await connect(editor))
  await externalIds(await connect(administrator))
  await session(editor)
  await withKey(editor)
}

const address = ({ url, db }: Caller) => ({ baseUrl: `http://${new URL(url).hostname}`, port: Number(new URL(url).port), db })

async function connect(who: Caller): Promise<Client> {
  const client = new OdooJSONRpc({ ...address(who), username: who.login, password: who.password })
  await client.connect()
  assert.ok(client.is_connected && client.uId! > 1)
  return client
}

const callOf =
  (client: Client): Call =>
  (model, method, args, kwargs = {}) =>
    client.call_kw(model, method, [...args], kwargs)

async function itsOwnWays(client: Client): Promise<void> {
  const id = await client.create('res.partner', { name: 'Lumière SARL', is_company: true })
  assert.equal(await client.update('res.partner', id, { city: 'Lyon' }), true)
  assert.deepEqual(await client.read('res.partner', id, ['city']), [{ id, city: 'Lyon' }])
  assert.deepEqual(await client.read('res.partner', [id], ['city']), [{ id, city: 'Lyon' }])
  assert.deepEqual(
    await client.search('res.partner', [
      ['city', '=', 'Lyon'],
      ['id', '=', id],
    ]),
    [id],
  )
  assert.deepEqual(await client.searchRead('res.partner', [['id', '=', id]], ['name'], { limit: 1 }), [{ id, name: 'Lumière SARL' }])
  assert.equal((await client.getFields('res.partner')).parent_id.relation, 'res.partner')
  await client.action('res.partner', 'action_archive', [id])
  assert.deepEqual(await client.search('res.partner', [['id', '=', id]]), [])
  assert.equal(await client.delete('res.partner', id), true)
  await assert.rejects(client.update('res.partner', id, { city: 'Nice' }), /You may not/)
}

async function externalIds(client: Client): Promise<void> {
  const id = await client.create('res.partner', { name: 'From the till' })
  await client.createExternalId('res.partner', id, 'till_17', 'till')
  assert.equal(await client.searchByExternalId('till_17'), id)
  assert.equal((await client.readByExternalId<{ name: string }>('till_17', ['name'])).name, 'From the till')
  await client.updateByExternalId('till_17', { city: 'Graz' })
  assert.equal((await client.readByExternalId<{ city: string }>('till_17', ['city'])).city, 'Graz')
  await client.deleteByExternalId('till_17')
  await assert.rejects(client.searchByExternalId('till_17'), /No matching record/)
}

async function session(who: Caller): Promise<void> {
  const first = await connect(who)
  assert.equal(first.authResponse?.username, who.login)
  const second = new OdooJSONRpc({ ...address(who), sessionId: first.sessionId! })
  await second.connect()
  assert.equal(second.authResponse?.uid, first.uId, 'a session can be taken up by its id')
  const sessionId = first.sessionId!
  assert.equal(await first.disconnect(), true)
  const late = new OdooJSONRpc({ ...address(who), sessionId })
  await assert.rejects(async () => {
    await late.connect()
    await late.search('res.partner', [])
  }, /Authentication failed|[Ss]ession/)
  await assert.rejects(connect({ ...who, password: 'wrong' }))
}

async function withKey(who: Caller): Promise<void> {
  const client = new OdooJSONRpc({ ...address(who), username: who.login, apiKey: await makeKey(who, 'odoo-jsonrpc') })
  await client.connect()
  await itsOwnWays(client)
  const wrong = new OdooJSONRpc({ ...address(who), username: who.login, apiKey: 'not a key' })
  await assert.rejects(async () => {
    await wrong.connect()
    await wrong.search('res.partner', [])
  })
}
