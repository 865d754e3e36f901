import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AccessError, ValidationError } from '@erp4/orm'
import { base, contactManager, employee, portal, userManager } from '@erp4/base'
import { world } from '@erp4/testing'

const here = await world(base)
const ann = await here.person(contactManager)
const bob = await here.person(employee)
const partners = ann.model('res.partner')

const [korea] = await ann.model('res.country').find([['code', '=', 'KR']], ['state_ids.code'])
const [germany] = await ann.model('res.country').find([['code', '=', 'DE']], ['code'])
const seoul = korea!.state_ids.find((state) => state.code === '11')!.id
const home = { street: 'Bukchon-ro 1', zip: '03059', city: 'Jongno-gu', state_id: seoul, country_id: korea!.id }

const company = (name: string, more = {}) => partners.create({ name, is_company: true, ...home, ...more })

describe('a contact', () => {
  test('of a company is called after it, at its address, under its tax id', async () => {
    const azure = await company('Azure', { vat: 'KR1234567890', company_registry: '110111-0000000' })
    const ada = await partners.create({ name: 'Ada', parent_id: azure.ids[0]! })
    const [read] = await ada.read([
      'display_name',
      'complete_name',
      'street',
      'city',
      'state_id',
      'country_id.code',
      'vat',
      'company_registry',
      'commercial_partner_id',
      'parent_name',
    ])
    assert.deepEqual(
      { ...read, country_id: read?.country_id?.code },
      {
        id: ada.ids[0],
        display_name: 'Azure, Ada',
        complete_name: 'Azure, Ada',
        street: 'Bukchon-ro 1',
        city: 'Jongno-gu',
        state_id: seoul,
        country_id: 'KR',
        vat: 'KR1234567890',
        company_registry: '110111-0000000',
        commercial_partner_id: azure.ids[0],
        parent_name: 'Azure',
      },
    )
  })

  test('has an address from the large to the small where it is written in Korean, Chinese or Japanese', async () => {
    const narae = await partners.create({ name: '나래', street: '판교역로 9', street2: '3층', city: '성남시 분당구', zip: '13529' })
    assert.equal((await narae.read(['contact_address']))[0]!.contact_address, '(13529) 성남시 분당구 판교역로 9\n3층')
  })

  test('is read with the id of its state, whatever else of the state another field needs', async () => {
    const azure = await company('Azure')
    assert.deepEqual(await azure.read(['state_id', 'contact_address']), [
      { id: azure.ids[0], state_id: seoul, contact_address: (await azure.read(['contact_address']))[0]!.contact_address },
    ])
    assert.deepEqual(
      (await azure.read(['state_id.code', 'state_id', 'contact_address'])).map((one) => one.state_id),
      [{ id: seoul, code: '11' }],
    )
  })

  test('follows its company: name, address, tax id, and another company', async () => {
    const old = await company('Old', { vat: 'OLD' })
    const next = await company('Next', { vat: 'NEXT', street: 'Elsewhere 2' })
    const ada = await partners.create({ name: 'Ada', parent_id: old.ids[0]! })
    const depot = await partners.create({ type: 'delivery', parent_id: old.ids[0]!, street: 'Depot 9' })
    await old.write({ name: 'Older', street: 'Moved 3', vat: 'OLDER' })
    assert.deepEqual(
      (await ada.read(['display_name', 'street', 'vat'])).map((one) => [one.display_name, one.street, one.vat]),
      [['Older, Ada', 'Moved 3', 'OLDER']],
    )
    assert.deepEqual(
      (await depot.read(['display_name', 'street', 'vat'])).map((one) => [one.display_name, one.street, one.vat]),
      [['Older, Depot 9', 'Depot 9', 'OLDER']],
    )
    await ada.write({ parent_id: next.ids[0]! })
    assert.deepEqual(
      (await ada.read(['display_name', 'vat', 'commercial_partner_id'])).map((one) => [
        one.display_name,
        one.vat,
        one.commercial_partner_id,
      ]),
      [['Next, Ada', 'NEXT', next.ids[0]]],
    )
  })

  test('keeps an address that was given with it', async () => {
    const azure = await company('Azure Two')
    const ada = await partners.create({ name: 'Ada', parent_id: azure.ids[0]!, street: 'Her own 7' })
    assert.deepEqual(
      (await ada.read(['street', 'city'])).map((one) => [one.street, one.city]),
      [['Her own 7', null]],
    )
  })

  test('under a person under a company belongs to the company', async () => {
    const azure = await company('Azure Three')
    const boss = await partners.create({ name: 'Boss', parent_id: azure.ids[0]! })
    const aide = await partners.create({ name: 'Aide', parent_id: boss.ids[0]! })
    assert.equal((await aide.read(['commercial_partner_id']))[0]?.commercial_partner_id, azure.ids[0])
    await boss.write({ is_company: true })
    assert.equal((await aide.read(['commercial_partner_id']))[0]?.commercial_partner_id, boss.ids[0])
  })

  test('is made with its company in one call', async () => {
    const azure = await company('Azure Four', {
      vat: 'FOUR',
      child_ids: [
        ['create', { name: 'Ada' }],
        ['create', { type: 'invoice', street: 'Box 1' }],
      ],
    })
    const [read] = await azure.read(['child_ids.display_name', 'child_ids.city', 'child_ids.vat'])
    assert.deepEqual(read?.child_ids.map((child) => [child.display_name, child.city, child.vat]).toSorted(), [
      ['Azure Four, Ada', 'Jongno-gu', 'FOUR'],
      ['Azure Four, Box 1', null, 'FOUR'],
    ])
  })

  test('says whether it is a company in both ways', async () => {
    const [one] = await ann.call(
      async (env) => (await env.model('res.partner').create({ name: 'Kind', ...({ company_type: 'company' } as object) })).ids,
    )
    assert.equal((await partners.browse([one!]).read(['is_company']))[0]?.is_company, true)
    assert.ok((await partners.search([['company_type', '=', 'company']])).ids.includes(one!))
    assert.ok(!(await partners.search([['company_type', '=', 'person']])).ids.includes(one!))
  })

  test('has its mail address alone, and with its name for the letterhead', async () => {
    const ada = await partners.create({ name: 'Ada "The" Great', email: 'Ada <Ada@Azure.Example>' })
    const [read] = await ada.read(['email', 'email_normalized', 'email_formatted'])
    assert.deepEqual(
      { ...read, id: 0 },
      {
        id: 0,
        email: 'Ada <Ada@Azure.Example>',
        email_normalized: 'ada@azure.example',
        email_formatted: '"Ada  The  Great" <ada@azure.example>',
      },
    )
  })

  for (const [what, values, error] of [
    ['without a name', { email: 'x@azure.example' }, new ValidationError('A contact needs a name.')],
    ['named with spaces only', { name: '   ' }, new ValidationError('A contact needs a name.')],
    [
      'in a state of another country',
      { name: 'Lost', country_id: germany!.id, state_id: seoul },
      new ValidationError('The state lies in another country.'),
    ],
  ] as const) {
    test(`${what} is refused`, async () => {
      const before = await partners.count([])
      await assert.rejects(partners.create(values), error)
      assert.equal(await partners.count([]), before)
    })
  }

  test('cannot be its own company, at any distance', async () => {
    const a = await company('Circle A')
    const b = await partners.create({ name: 'Circle B', parent_id: a.ids[0]! })
    await assert.rejects(a.write({ parent_id: b.ids[0]! }), ValidationError)
    await assert.rejects(a.write({ parent_id: a.ids[0]! }), ValidationError)
    assert.equal((await a.read(['parent_id']))[0]?.parent_id, null)
  })
})

describe('who may', () => {
  test('an employee reads contacts and changes only his own', async () => {
    const azure = await company('Azure Five')
    const seen = bob.model('res.partner').browse(azure.ids)
    assert.equal((await seen.read(['name']))[0]?.name, 'Azure Five')
    await assert.rejects(seen.write({ name: 'Bob was here' }), AccessError)
    await assert.rejects(seen.unlink(), AccessError)
    await assert.rejects(bob.model('res.partner').create({ name: 'New' }), AccessError)
    await bob.model('res.partner').browse([bob.user.partner_id]).write({ phone: '+1 555 0100' })
    assert.equal((await seen.read(['name']))[0]?.name, 'Azure Five')
  })

  test('an editor of contacts does not change the mail address of somebody who signs in', async () => {
    const his = partners.browse([bob.user.partner_id])
    await assert.rejects(his.write({ email: 'ann@azure.example' }), AccessError)
    await assert.rejects(his.unlink(), AccessError)
    const azure = await company('Azure Six')
    await assert.rejects(azure.write({ child_ids: [['update', bob.user.partner_id, { email: 'ann@azure.example' }]] }), AccessError)
    assert.equal((await his.read(['email']))[0]?.email, null)
  })

  test('an administrator of users does', async () => {
    const chun = await here.person(userManager)
    const his = chun.model('res.partner').browse([bob.user.partner_id])
    await his.write({ email: 'bob@azure.example' })
    assert.equal((await his.read(['email']))[0]?.email, 'bob@azure.example')
  })

  test('a portal user sees the contacts of his own company, without what we note about them', async () => {
    const azure = await company('Azure Seven', { comment: '<p>Pays late</p>', ref: 'A7' })
    await company('Rival')
    const dora = await here.person(portal)
    await here.system.model('res.partner').browse([dora.user.partner_id]).write({ parent_id: azure.ids[0]! })
    const [row] = await here.system.model('res.partner').browse([dora.user.partner_id]).read(['commercial_partner_id'])
    assert.equal(row?.commercial_partner_id, azure.ids[0])
    const me = { ...dora.user, commercial_partner_id: azure.ids[0]! }
    const seen = await here.databases.transaction(here.database, async (cx) => {
      const { Env, openCall } = await import('@erp4/orm')
      const env = new Env(
        openCall({ registry: here.registry, cx }),
        me,
        { lang: 'en_US', tz: 'UTC', allowed_company_ids: [1], active_test: true },
        false,
      )
      const found = await env.model('res.partner').find([], ['name'], { order: 'id' })
      await assert.rejects(env.model('res.partner').browse(azure.ids).read(['comment']))
      await assert.rejects(env.model('res.partner').browse(azure.ids).write({ name: 'Mine' }), AccessError)
      return found.map((one) => one.name)
    })
    assert.deepEqual(
      seen,
      [dora.user.name, 'Azure Seven'].toSorted((a, b) => (a === dora.user.name ? 1 : b === dora.user.name ? -1 : 0)),
    )
  })

  test('a contact of another company is not there, for an administrator of users neither', async () => {
    const other = await here.company('Other Ltd')
    const theirs = await here.system.model('res.partner').create({ name: 'Theirs', company_id: other })
    const chun = await here.person(userManager)
    for (const person of [ann, bob, chun]) {
      assert.deepEqual(await person.model('res.partner').browse(theirs.ids).read(['name']), [])
      assert.equal(await person.model('res.partner').count([['name', '=', 'Theirs']]), 0)
    }
    await assert.rejects(partners.browse(theirs.ids).write({ name: 'Ours' }), AccessError)
    await assert.rejects(partners.create({ name: 'Given away', company_id: other }), AccessError)
    assert.equal((await theirs.read(['name']))[0]?.name, 'Theirs')
  })
})

describe('statements', () => {
  test('a contact is made in at most five, without the session', async () => {
    await partners.create({ name: 'Counted', email: 'c@azure.example', country_id: korea!.id })
    assert.ok(ann.statements <= 5, `${ann.statements}`)
  })

  test('one field is written in at most four, without the session', async () => {
    const one = await partners.create({ name: 'Counted again' })
    await one.write({ phone: '1' })
    assert.ok(ann.statements <= 4, `${ann.statements}`)
  })
})
