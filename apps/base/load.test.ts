import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AccessError, ValueError } from '@erp4/orm'
import { base, check_object_reference, employee, loadDemoData, loadStandardData, portal, removeDemoData } from '@erp4/base'
import { world } from '@erp4/testing'

const fresh = await world(base)
const again = await world(base)
const filled = await world(base)
await filled.system.call(loadDemoData)

describe('a new instance', () => {
  const here = fresh

  test('has all countries, subdivisions, currencies and languages', async () => {
    const sys = here.system.with({ active_test: false })
    assert.equal(await sys.model('res.country').count([]), 250)
    assert.equal(await sys.model('res.country.state').count([]), 5070)
    assert.equal(await sys.model('res.currency').count([]), 165)
    assert.deepEqual((await here.system.model('res.lang').find([], ['code'])).map((lang) => lang.code).toSorted(), ['en_US', 'ko_KR'])
    assert.deepEqual((await here.system.model('res.currency').find([], ['name'])).map((currency) => currency.name).toSorted(), [
      'EUR',
      'KRW',
      'USD',
    ])
  })

  test('names countries, subdivisions and groups in Korean for Koreans', async () => {
    const korean = here.system.with({ lang: 'ko_KR' })
    const [korea] = await korean.model('res.country').find([['code', '=', 'KR']], ['name', 'phone_code', 'currency_id.name'])
    assert.deepEqual(
      { ...korea, id: 0 },
      { id: 0, name: '대한민국', phone_code: 82, currency_id: { id: korea!.currency_id!.id, name: 'KRW' } },
    )
    const [seoul] = await korean.model('res.country.state').find(
      [
        ['country_id', '=', korea!.id],
        ['code', '=', '11'],
      ],
      ['name'],
    )
    assert.equal(seoul?.name, '서울특별시')
    const [group] = await korean.model('res.groups').find([['key', '=', 'base.group_user']], ['name'])
    assert.equal(group?.name, '내부 사용자')
  })

  for (const [name, model] of [
    ['us', 'res.country'],
    ['kr', 'res.country'],
    ['gb', 'res.country'],
    ['uk', 'res.country'],
    ['xk', 'res.country'],
    ['state_us_ca', 'res.country.state'],
    ['state_kr_11', 'res.country.state'],
    ['EUR', 'res.currency'],
    ['eur', 'res.currency'],
    ['KRW', 'res.currency'],
    ['lang_en', 'res.lang'],
    ['lang_ko_KR', 'res.lang'],
    ['lang_fr', 'res.lang'],
    ['europe', 'res.country.group'],
    ['main_company', 'res.company'],
    ['main_partner', 'res.partner'],
    ['partner_admin', 'res.partner'],
    ['user_admin', 'res.users'],
    ['group_user', 'res.groups'],
    ['group_system', 'res.groups'],
    ['group_portal', 'res.groups'],
    ['group_public', 'res.groups'],
    ['group_erp_manager', 'res.groups'],
    ['group_partner_manager', 'res.groups'],
    ['group_multi_company', 'res.groups'],
    ['model_res_partner', 'ir.model'],
    ['module_base', 'ir.module.module'],
  ] as const) {
    test(`knows base.${name}`, async () => {
      const found = (await check_object_reference(here.system.model('ir.model.data').browse([]), { module: 'base', xml_id: name })) as [
        string,
        number,
      ]
      assert.equal(found[0], model)
      assert.ok(found[1] > 0)
    })
  }

  test('has the system as user 1 and the administrator as user 2, neither with a password', async () => {
    const users = await here.system
      .with({ active_test: false })
      .model('res.users')
      .find([['id', 'in', [1, 2]]], ['login', 'active', 'share'], { order: 'id' })
    assert.deepEqual(
      users.map(({ login, active, share }) => [login, active, share]),
      [
        ['__system__', false, false],
        ['admin', true, false],
      ],
    )
    const passwords = await here.system
      .with({ active_test: false })
      .model('res.users')
      .find([['password', '!=', null]], ['login'])
    assert.deepEqual(passwords, [])
  })

  test('has no group by which one could set what only the software sets', async () => {
    assert.equal(await here.system.model('res.groups').count([['key', '=', 'base.nobody']]), 0)
  })

  test('lists its models, fields, choices and rights', async () => {
    const [model] = await here.system
      .model('ir.model')
      .find([['model', '=', 'res.partner']], ['name', 'field_id.name', 'access_ids.group_id'])
    assert.equal(model?.name, 'Contact')
    assert.ok(model?.field_id.some((field) => field.name === 'commercial_partner_id'))
    assert.ok((model?.access_ids.length ?? 0) >= 4)
    const [type] = await here.system.model('ir.model.fields').find(
      [
        ['model', '=', 'res.partner'],
        ['name', '=', 'type'],
      ],
      ['ttype', 'selection_ids.value'],
    )
    assert.deepEqual(
      [type?.ttype, type?.selection_ids.map((choice) => choice.value)],
      ['selection', ['contact', 'invoice', 'delivery', 'other']],
    )
  })

  test('tells an employee where shared records are, and hides whether others exist', async () => {
    const ann = await here.person(employee)
    const ask = (module: string, xml_id: string) => check_object_reference(ann.model('ir.model.data').browse([]), { module, xml_id })
    assert.equal(((await ask('base', 'us')) as [string, number])[0], 'res.country')
    await assert.rejects(ask('base', 'nowhere'), ValueError)
    const parameter = await ask('base', 'parameter_base_login_cooldown_after')
    assert.deepEqual(parameter, ['ir.config_parameter', false])
    await assert.rejects(
      check_object_reference(ann.model('ir.model.data').browse([]), {
        module: 'base',
        xml_id: 'parameter_base_login_cooldown_after',
        raise_on_access_error: true,
      }),
      AccessError,
    )
  })
})

describe('loading the standard data again', () => {
  const here = again

  test('writes nothing where nothing differs', async () => {
    const all = here.system.with({ active_test: false })
    const versions = async () => {
      const models = [
        'res.country.state',
        'res.country',
        'res.currency',
        'res.lang',
        'res.groups',
        'res.users',
        'ir.model.fields',
        'ir.model.fields.selection',
        'ir.model.data',
      ] as const
      return Promise.all(
        models.map(async (model) => (await all.model(model).find([], ['version'], { order: 'id' })).map((row) => [row.id, row.version])),
      )
    }
    const before = await versions()
    await here.system.call(loadStandardData)
    assert.deepEqual(await versions(), before)
  })

  test('keeps the names people gave, and brings back what the release says and what was deleted', async () => {
    const countries = here.system.model('res.country')
    const [taken] = await countries.find([['code', '=', 'AQ']], ['name', 'phone_code'])
    await countries.browse([taken!.id]).write({ name: 'The White Continent', phone_code: 1 })
    const [gone] = await here.system.model('res.country.state').find(
      [
        ['country_id.code', '=', 'CH'],
        ['code', '=', 'ZG'],
      ],
      ['name'],
    )
    await here.system.model('res.country.state').browse([gone!.id]).unlink()
    await here.system.call(loadStandardData)
    const [kept] = await countries.browse([taken!.id]).read(['name', 'phone_code'])
    assert.deepEqual([kept?.name, kept?.phone_code], ['The White Continent', 672])
    assert.equal(await here.system.model('res.country.state').count([['country_id.code', '=', 'CH']]), 26)
  })

  test('leaves alone what is marked as not to be updated', async () => {
    const data = here.system.model('ir.model.data')
    const mark = await data.search([
      ['module', '=', 'base'],
      ['name', '=', 'hm'],
    ])
    await mark.write({ noupdate: true })
    const heard = await here.system.model('res.country').search([['code', '=', 'HM']])
    await heard.write({ phone_code: 42 })
    await here.system.call(loadStandardData)
    assert.equal((await heard.read(['phone_code']))[0]?.phone_code, 42)
  })
})

describe('the examples', () => {
  const here = filled
  const demo = () => here.system.model('ir.model.data').find([['demo', '=', true]], ['model', 'res_id'])

  test('are companies and people in real countries, each flagged', async () => {
    const companies = await here.system.model('res.partner').find(
      [
        ['is_company', '=', true],
        ['country_id.code', '=', 'KR'],
      ],
      ['name', 'state_id.name', 'child_ids.display_name'],
    )
    assert.equal(companies.length, 3)
    assert.ok(companies.some((company) => company.child_ids.some((child) => child.display_name === '나래전자 주식회사, 한서윤')))
    assert.ok((await demo()).length > 50)
  })

  test('can be loaded twice', async () => {
    const before = await demo()
    await here.system.call(loadDemoData)
    assert.deepEqual(await demo(), before)
  })

  test('have three users who cannot sign in yet', async () => {
    const users = await here.system.model('res.users').find([['login', 'in', ['ann', 'bob', 'garam']]], ['login'])
    assert.equal(users.length, 3)
    assert.equal(await here.system.model('res.users').count([['password', '!=', null]]), 0)
  })

  test('are no portal of information: a portal user sees none of them', async () => {
    const customer = await here.person(portal)
    assert.deepEqual(
      (await customer.model('res.partner').find([], ['id' as never])).map((one) => one.id),
      [customer.user.partner_id],
    )
  })

  test('can be taken away, and nothing else goes', async () => {
    const mine = await here.system.model('res.partner').create({ name: 'Mine' })
    await here.system.call(removeDemoData)
    assert.deepEqual(await demo(), [])
    assert.equal(await here.system.model('res.users').count([['login', 'in', ['ann', 'bob', 'garam']]]), 0)
    assert.equal(await here.system.model('res.partner').count([['is_company', '=', true]]), 1)
    assert.equal((await mine.read(['name']))[0]?.name, 'Mine')
  })
})
