import { after, before, describe, test } from 'node:test'
import { RunningErp4 } from '@erp4/testing'
import { json2 } from './json2.ts'
import { odooAwait } from './odoo-await.ts'
import { odooJsonrpc } from './odoo-jsonrpc.ts'
import { odooXmlrpcTs } from './odoo-xmlrpc-ts.ts'
import { odooRpc, xmlrpcClient } from './python.ts'
import { sessionByFetch } from './session.ts'
import { type People, makePeople } from './wire.ts'

// Published clients, each by its own ways, at a real ERP4 with its demo data (external-api §9). One start serves all of them.

describe('a morning with the contacts, through', { concurrency: 2 }, () => {
  let erp4: RunningErp4
  let people: People
  before(async () => {
    erp4 = await RunningErp4.start()
    people = await makePeople(erp4.instance('demo'), 'clients')
  })
  after(() => erp4?.remove())

  test('odoo-await works', () => odooAwait(people))
  test('odoo-xmlrpc-ts works', () => odooXmlrpcTs(people))
  test('@fernandoslim/odoo-jsonrpc works', () => odooJsonrpc(people))
  test("Python's xmlrpc.client works", () => xmlrpcClient(people))
  test("Debian's python3-odoorpc works", () => odooRpc(people))
  test('JSON-2 with an API key works', () => json2(people))
  test('a session by fetch works', () => sessionByFetch(people))
})
