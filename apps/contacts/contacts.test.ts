import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contactManager, employee } from '@erp4/base'
import { action_move_to_company, contacts, find_duplicates } from '@erp4/contacts'
import { AccessError, UserError } from '@erp4/orm'
import { conforms, world } from '@erp4/testing'

conforms(contacts)

const here = await world(contacts)
const ann = await here.person(contactManager)
const bob = await here.person(employee)
const partners = ann.model('res.partner')

test('people move to a company and take over its tax id', async () => {
  const azure = await partners.create({ name: 'Azure', is_company: true, vat: 'AZ1' })
  const ada = await partners.create([{ name: 'Ada' }, { name: 'Grace' }])
  await action_move_to_company(ada, { parent_id: azure.ids[0]! })
  assert.deepEqual(
    (await ada.read(['display_name', 'vat'])).map((one) => [one.display_name, one.vat]),
    [
      ['Azure, Ada', 'AZ1'],
      ['Azure, Grace', 'AZ1'],
    ],
  )
  assert.equal((await azure.read(['contact_count']))[0]?.contact_count, 2)
})

test('nobody moves to a person', async () => {
  const [ada, grace] = [await partners.create({ name: 'Ada' }), await partners.create({ name: 'Grace' })]
  await assert.rejects(action_move_to_company(ada, { parent_id: grace.ids[0]! }), new UserError('Grace is not a company.'))
  assert.equal((await ada.read(['parent_id']))[0]?.parent_id, null)
})

test('an employee who does not edit contacts moves nobody', async () => {
  const azure = await partners.create({ name: 'Cobalt', is_company: true })
  const ada = await partners.create({ name: 'Ada' })
  await assert.rejects(action_move_to_company(bob.model('res.partner').browse(ada.ids), { parent_id: azure.ids[0]! }), AccessError)
  assert.equal((await ada.read(['parent_id']))[0]?.parent_id, null)
})

test('contacts with one mail address are found, however it is written', async () => {
  const one = await partners.create({ name: 'Lin', email: 'lin@twice.example' })
  const two = await partners.create({ name: 'Lin Wu', email: 'Lin Wu <LIN@twice.example>' })
  assert.deepEqual(await find_duplicates(bob.model('res.partner').browse(one.ids)), [[one.ids[0], two.ids[0]]])
})

test('an address is written with its country', async () => {
  const [korea] = await ann.model('res.country').find([['code', '=', 'KR']], ['state_ids.code'])
  const home = {
    street: 'Bukchon-ro 1',
    zip: '03059',
    city: 'Jongno-gu',
    country_id: korea!.id,
    state_id: korea!.state_ids.find((state) => state.code === '11')!.id,
  }
  const ada = await partners.create({ name: 'Ada', ...home })
  assert.equal((await ada.read(['contact_address']))[0]?.contact_address, 'Bukchon-ro 1\nJongno-gu Seoul 03059\nSouth Korea')
})
