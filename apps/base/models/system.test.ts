import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AccessError, Decimal, ValidationError, day, sql } from '@erp4/orm'
import { administrator, base, check, contactManager, employee, get_param, next_by_code, set_param, userManager } from '@erp4/base'
import { world } from '@erp4/testing'

const here = await world(base, { now: () => new Date('2027-03-05T12:00:00Z') })
const root = await here.person(administrator)
const ann = await here.person(employee)

describe('a sequence', () => {
  test('counts on with every call, by company first, with the date in its prefix', async () => {
    await root.model('ir.sequence').create({ name: 'Loans', code: 'loan', prefix: 'L/%(year)s/%(month)s/', padding: 4 })
    await here.system.model('ir.sequence').create({ name: 'Loans of all', code: 'loan', prefix: 'ALL', company_id: null })
    const next = () => next_by_code(ann.model('ir.sequence').browse([]), { sequence_code: 'loan' })
    assert.deepEqual([await next(), await next(), await next()], ['L/2027/03/0001', 'L/2027/03/0002', 'L/2027/03/0003'])
    assert.equal(await next_by_code(ann.model('ir.sequence').browse([]), { sequence_code: 'nothing' }), false)
  })

  test('gives no number twice to many who ask at once', async () => {
    await root.model('ir.sequence').create({ name: 'Busy', code: 'busy' })
    const drawn = await Promise.all(
      Array.from({ length: 12 }, () => next_by_code(ann.model('ir.sequence').browse([]), { sequence_code: 'busy' })),
    )
    assert.deepEqual(
      drawn.map(Number).toSorted((a, b) => a - b),
      Array.from({ length: 12 }, (_, i) => i + 1),
    )
  })

  test('refuses a placeholder that stands for nothing', async () => {
    await assert.rejects(root.model('ir.sequence').create({ name: 'Wrong', prefix: '%(yaer)s' }), ValidationError)
    assert.equal(await root.model('ir.sequence').count([['name', '=', 'Wrong']]), 0)
  })

  test('is changed by administrators only', async () => {
    const [sequence] = await ann.model('ir.sequence').find([['code', '=', 'busy']], ['number_next'])
    await assert.rejects(ann.model('ir.sequence').browse([sequence!.id]).write({ number_next: 1 }), AccessError)
    assert.equal((await ann.model('ir.sequence').browse([sequence!.id]).read(['number_next']))[0]?.number_next, 13)
  })
})

describe('a parameter', () => {
  test('is set, read and removed by an administrator', async () => {
    const parameters = root.model('ir.config_parameter').browse([])
    assert.equal(await get_param(parameters, { key: 'app.colour', default: 'grey' }), 'grey')
    assert.equal(await set_param(parameters, { key: 'app.colour', value: 'blue' }), false)
    assert.equal(await set_param(parameters, { key: 'app.colour', value: 'red' }), 'blue')
    assert.equal(await get_param(parameters, { key: 'app.colour' }), 'red')
    assert.equal(await set_param(parameters, { key: 'app.colour', value: false }), 'red')
    assert.equal(await get_param(parameters, { key: 'app.colour' }), false)
  })

  test('is nothing to an employee or to who manages users', async () => {
    for (const person of [ann, await here.person(userManager)]) {
      await assert.rejects(person.model('ir.config_parameter').find([], ['value']), AccessError)
      await assert.rejects(person.model('ir.config_parameter').create({ key: 'base.login_cooldown_after', value: '0' }), AccessError)
    }
    assert.equal((await root.model('ir.config_parameter').find([['key', '=', 'base.login_cooldown_after']], ['value']))[0]?.value, '10')
  })
})

test('whether one may at all is answered by group', async () => {
  const ask = (person: typeof ann, model: string, mode: 'read' | 'write') =>
    check(person.model('ir.model.access').browse([]), { model, mode, raise_exception: false })
  const editor = await here.person(contactManager)
  assert.deepEqual(
    [
      await ask(ann, 'res.partner', 'read'),
      await ask(ann, 'ir.config_parameter', 'read'),
      await ask(editor, 'res.bank', 'write'),
      await ask(ann, 'res.bank', 'write'),
    ],
    [true, false, true, false],
  )
})

test("a currency's rate is the newest of the current company, in whose absence everybody's", async () => {
  const [dollar] = (await root.model('res.currency').search([['name', '=', 'USD']])).ids
  const rates = here.system.model('res.currency.rate')
  assert.deepEqual(
    (await ann.model('res.currency').browse([dollar!]).read(['rate', 'date', 'rounding'])).map((one) => [one.rate, one.date, one.rounding]),
    [[1, null, 0.01]],
  )
  await rates.create([
    { name: day('2020-01-01'), currency_id: dollar!, rate: Decimal.of('1.1'), company_id: null },
    { name: day('2021-01-01'), currency_id: dollar!, rate: Decimal.of('1.25'), company_id: 1 },
    { name: day('2021-01-01'), currency_id: dollar!, rate: Decimal.of('1.3'), company_id: null },
    { name: day('2999-01-01'), currency_id: dollar!, rate: Decimal.of('9'), company_id: 1 },
  ])
  assert.deepEqual(
    (await ann.model('res.currency').browse([dollar!]).read(['rate', 'date'])).map((one) => [one.rate, one.date]),
    [[1.25, '2021-01-01']],
  )
  const other = await here.company('Overseas')
  const gus = await here.personOf([other], employee)
  assert.equal((await gus.model('res.currency').browse([dollar!]).read(['rate']))[0]?.rate, 1.3)
  await assert.rejects(
    rates.create({ name: day('2022-01-01'), currency_id: dollar!, rate: Decimal.of(0) }),
    new ValidationError('A currency rate is more than zero.'),
  )
})

test('a company is made with its contact, and its maker works in it', async () => {
  const chief = await here.person(userManager)
  const [euro] = (await chief.model('res.currency').search([['name', '=', 'EUR']])).ids
  const [id] = await chief.call(async (env) => (await env.model('res.company').create({ name: 'Branch', currency_id: euro! } as never)).ids)
  const [made] = await here.system.model('res.company').browse([id!]).read(['partner_id.name', 'partner_id.is_company', 'user_ids'])
  assert.deepEqual([made?.partner_id.name, made?.partner_id.is_company, made?.user_ids], ['Branch', true, [chief.user.id]])
  await here.system.model('res.company').browse([id!]).write({ name: 'Twig' })
  assert.equal((await here.system.model('res.partner').browse([made!.partner_id.id]).read(['name']))[0]?.name, 'Twig')
})

test('a company counts in the currency of the one that its maker works in, unless he says otherwise', async () => {
  const chief = await here.person(userManager)
  const [yen] = (
    await chief
      .with({ active_test: false })
      .model('res.currency')
      .search([['name', '=', 'JPY']])
  ).ids
  const [own] = await chief.model('res.company').browse([chief.user.company_id]).read(['currency_id'])
  const made = await chief.call(async (env) => {
    const companies = env.model('res.company')
    return (await companies.create([{ name: 'Like ours' }, { name: 'In yen', currency_id: yen! }] as never)).ids
  })
  const read = await here.system.model('res.company').browse(made).read(['currency_id'])
  assert.deepEqual(
    read.map((company) => company.currency_id),
    [own!.currency_id, yen],
  )
})

test('an IBAN with wrong check digits is refused, other account numbers are taken as they are', async () => {
  const editor = await here.person(contactManager)
  const partner = await editor.model('res.partner').create({ name: 'Holder' })
  const account = (acc_number: string) => editor.model('res.partner.bank').create({ acc_number, partner_id: partner.ids[0]! })
  const [good] = await (await account('DE89 3704 0044 0532 0130 00')).read(['sanitized_acc_number'])
  assert.equal(good?.sanitized_acc_number, 'DE89370400440532013000')
  await account('110-234-567890')
  await assert.rejects(account('DE88 3704 0044 0532 0130 00'), new ValidationError('The check digits of this IBAN are wrong.'))
  assert.equal(await editor.model('res.partner.bank').count([]), 2)
})

test('categories are called after what they lie under, which cannot be themselves', async () => {
  const editor = await here.person(contactManager)
  const tags = editor.model('res.partner.category')
  const goods = await tags.create({ name: 'Goods' })
  const wood = await tags.create({ name: 'Wood', parent_id: goods.ids[0]! })
  const oak = await tags.create({ name: 'Oak', parent_id: wood.ids[0]! })
  assert.equal((await oak.read(['display_name']))[0]?.display_name, 'Goods / Wood / Oak')
  await goods.write({ name: 'Stuff' })
  assert.equal((await oak.read(['display_name']))[0]?.display_name, 'Stuff / Wood / Oak')
  assert.deepEqual((await tags.search([['id', 'child_of', goods.ids[0]!]])).ids.length, 3)
  await assert.rejects(goods.write({ parent_id: oak.ids[0]! }), ValidationError)
})

test('a language can be chosen as soon as it is active, and no longer than that', async () => {
  const installed = () => here.databases.use(here.database, (cx) => cx.query<{ langs: string[] }>(sql`select langs from meta`))
  assert.deepEqual((await installed())[0]?.langs, ['en_US', 'ko_KR'], 'those of the standard data')
  const french = await root
    .with({ active_test: false })
    .model('res.lang')
    .search([['code', '=', 'fr_FR']])
  await french.write({ active: true })
  assert.deepEqual((await installed())[0]?.langs, ['en_US', 'fr_FR', 'ko_KR'])
  await french.write({ active: false })
  assert.deepEqual((await installed())[0]?.langs, ['en_US', 'ko_KR'])
})

test('English stays active', async () => {
  const english = await root.model('res.lang').search([['code', '=', 'en_US']])
  await assert.rejects(english.write({ active: false }), ValidationError)
  assert.equal((await english.read(['active']))[0]?.active, true)
})

test('what lies behind a related relation is read like what lies behind any other', async () => {
  const [korea] = await here.system.model('res.country').find([['code', '=', 'KR']], ['name'])
  const [first] = await here.system.model('res.company').find([], ['name'], { limit: 1 })
  for (const companies of [here.system.model('res.company').browse([first!.id]), root.model('res.company').browse([first!.id])]) {
    const partner = (await companies.read(['partner_id']))[0]!.partner_id
    await here.system.model('res.partner').browse([partner]).write({ country_id: korea!.id, state_id: null })
    const [company] = await companies.read([
      'country_id.code',
      'country_id.currency_id.name',
      'country_id.display_name',
      'state_id.name',
      'partner_id.country_id',
    ])
    assert.deepEqual(company, {
      id: companies.ids[0],
      country_id: {
        id: korea!.id,
        code: 'KR',
        currency_id: { id: company!.country_id!.currency_id!.id, name: 'KRW' },
        display_name: 'South Korea',
      },
      state_id: null,
      partner_id: { id: partner, country_id: korea!.id },
    })
    assert.deepEqual(await companies.read(['country_id']), [{ id: companies.ids[0], country_id: korea!.id }])
    assert.deepEqual(await companies.read(['country_id', 'country_id.code']), [
      { id: companies.ids[0], country_id: { id: korea!.id, code: 'KR' } },
    ])
  }
})
