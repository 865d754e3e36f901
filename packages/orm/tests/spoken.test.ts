import assert from 'node:assert/strict'
import { test } from 'node:test'
import { base, employee } from '@erp4/base'
import {
  type Access,
  type ModelFields,
  type DefinitionError,
  ValueError,
  all,
  app,
  asConnection,
  assemble,
  char,
  computeNext,
  grant,
  group,
  ident,
  many2many,
  many2one,
  model,
  selection,
  sql,
} from '@erp4/orm'
import { world } from '@erp4/testing'
import { rpc } from './rpc.ts'

/** A restaurant: what it cooks is called otherwise in each language. */
const cook = group('spoken.cook', { label: 'Cook', implies: [employee] })

const kind = model('spoken.kind', { order: 'id', fields: { name: char({ required: true, translate: true }) } })

const dish = model('spoken.dish', {
  fields: { name: char({ required: true, translate: true }), kind_ids: many2many('spoken.kind') },
})

const plate = model('spoken.plate', {
  order: 'display_name, id',
  fields: {
    display_name: char({ compute: 'stored', translate: true, index: 'trigram' }),
    code: char(),
    dish_id: many2one('spoken.dish', { required: true, ondelete: 'cascade' }),
  },
})

const offer = model('spoken.offer', {
  fields: {
    display_name: char({ compute: 'stored', translate: true }),
    plate_id: many2one('spoken.plate'),
  },
})

const bill = model('spoken.bill', {
  fields: {
    display_name: char({ compute: 'stored', translate: true, index: 'trigram' }),
    number: char(),
    kind: selection({ meal: 'Meal', drink: 'Drink' }, { required: true, default: 'meal' }),
    mood: char({ compute: 'live' }),
  },
})

/** As a bill, in English for everybody. */
const slip = model('spoken.slip', {
  fields: { display_name: char({ compute: 'stored', index: 'trigram' }), number: char(), note: char() },
})

declare module '@erp4/orm/models' {
  interface Models {
    'spoken.kind': SpokenKind
    'spoken.dish': SpokenDish
    'spoken.plate': SpokenPlate
    'spoken.offer': SpokenOffer
    'spoken.bill': SpokenBill
    'spoken.slip': SpokenSlip
  }
  interface SpokenKind extends ModelFields<typeof kind> {}
  interface SpokenDish extends ModelFields<typeof dish> {}
  interface SpokenPlate extends ModelFields<typeof plate> {}
  interface SpokenOffer extends ModelFields<typeof offer> {}
  interface SpokenBill extends ModelFields<typeof bill> {}
  interface SpokenSlip extends ModelFields<typeof slip> {}
}

plate.compute('display_name', ['code', 'dish_id.name', 'dish_id.kind_ids.name'], (one) => {
  const kinds = one.dish_id.kind_ids.map(({ name }) => name).join(', ')
  return `${one.code ? `[${one.code}] ` : ''}${one.dish_id.name}${kinds ? ` (${kinds})` : ''}`
})
offer.compute('display_name', ['plate_id.display_name'], (one, t) => one.plate_id?.display_name ?? t('Everything'))
bill.compute('display_name', ['number', 'kind'], (one, t) => one.number ?? t(one.kind === 'meal' ? 'Meal' : 'Drink'))
bill.compute('mood', ['kind'], (one, t) => t('{kind}!', { kind: t(one.kind === 'meal' ? 'Meal' : 'Drink') }))
slip.compute('display_name', ['number'], (one) => one.number ?? 'Meal')

const models = [kind, dish, plate, offer, bill, slip] as const
const access: Access<(typeof models)[number]['name']> = {
  'spoken.kind': [grant(cook, all)],
  'spoken.dish': [grant(cook, all)],
  'spoken.plate': [grant(cook, all)],
  'spoken.offer': [grant(cook, all)],
  'spoken.bill': [grant(cook, all)],
  'spoken.slip': [grant(cook, all)],
}
const i18n = { ko_KR: { Meal: '식사', Drink: '음료', Everything: '전체', '{kind}!': '{kind}이요!' } }
const spoken = app({ name: 'spoken', depends: [base], models, groups: [cook], access, i18n })

const at = await world(spoken)
const ann = await at.person(cook)
const minsu = ann.with({ lang: 'ko_KR' })

type Named = 'spoken.plate' | 'spoken.offer' | 'spoken.bill'
const inEach = async (name: Named, id: number): Promise<(string | null)[]> =>
  Promise.all([ann, minsu].map(async (one) => (await one.model(name).browse([id]).read(['display_name']))[0]!.display_name))
const kept = async (table: string, id: number): Promise<unknown> =>
  (
    await at.asOwner((client) =>
      asConnection(client).query<{ it: unknown }>(sql`select display_name as it from ${ident(table)} where id = ${id}`),
    )
  )[0]!.it

async function cooked(english: string, korean: string, code?: string): Promise<{ dish: number; plate: number }> {
  const [made] = (await ann.model('spoken.dish').create({ name: english })).ids
  await minsu.model('spoken.dish').browse([made!]).write({ name: korean })
  const [served] = (await ann.model('spoken.plate').create({ dish_id: made!, ...(code ? { code } : {}) })).ids
  return { dish: made!, plate: served! }
}

test('a stored computed text is computed under each language, and English is what the others fall back on', async () => {
  const { plate: id } = await cooked('Soup', '국', 'S1')
  assert.deepEqual(await inEach('spoken.plate', id), ['[S1] Soup', '[S1] 국'])
  assert.deepEqual(await kept('spoken_plate', id), { en_US: '[S1] Soup', ko_KR: '[S1] 국' })
  const french = await ann.with({ lang: 'fr_FR' }).model('spoken.plate').browse([id]).read(['display_name'])
  assert.equal(french[0]!.display_name, '[S1] Soup')
  const [plain] = (await ann.model('spoken.bill').create({ number: 'B/1' })).ids
  assert.deepEqual(await kept('spoken_bill', plain!), { en_US: 'B/1' }, 'what is said alike is kept once')
})

test('it follows what it needs in any language: a name, a name behind a list, a text taken away, and what follows from it', async () => {
  const { dish: soup, plate: id } = await cooked('Stew', '찌개')
  const [meal] = (await ann.model('spoken.offer').create({ plate_id: id })).ids
  const [hot] = (await ann.model('spoken.kind').create({ name: 'Hot' })).ids
  await ann
    .model('spoken.dish')
    .browse([soup])
    .write({ kind_ids: [['link', hot!]] })
  assert.deepEqual(await inEach('spoken.plate', id), ['Stew (Hot)', '찌개 (Hot)'])
  await minsu.model('spoken.kind').browse([hot!]).write({ name: '매운맛' })
  assert.deepEqual(await inEach('spoken.offer', meal!), ['Stew (Hot)', '찌개 (매운맛)'])
  await minsu.model('spoken.dish').browse([soup]).write({ name: '김치찌개' })
  assert.deepEqual(await inEach('spoken.offer', meal!), ['Stew (Hot)', '김치찌개 (매운맛)'])
  await rpc(ann, 'spoken.dish', 'update_field_translations', [[soup], 'name', { ko_KR: false }])
  assert.deepEqual(await inEach('spoken.plate', id), ['Stew (Hot)', 'Stew (매운맛)'])
  await ann.model('spoken.dish').browse([soup]).write({ name: 'Hot Pot' })
  assert.deepEqual(await inEach('spoken.offer', meal!), ['Hot Pot (Hot)', 'Hot Pot (매운맛)'])
  await ann.model('spoken.dish').browse([soup]).unlink()
  assert.equal(await at.system.model('spoken.plate').count([['id', '=', id]]), 0)
})

test('words are those of each language too, in stored and in live texts', async () => {
  const [id] = (await ann.model('spoken.bill').create({})).ids
  assert.deepEqual(await inEach('spoken.bill', id!), ['Meal', '식사'])
  await minsu.model('spoken.bill').browse([id!]).write({ kind: 'drink' })
  assert.deepEqual(await inEach('spoken.bill', id!), ['Drink', '음료'])
  const moods = await Promise.all([ann, minsu].map((one) => one.model('spoken.bill').browse([id!]).read(['mood'])))
  assert.deepEqual(
    moods.map(([row]) => row!.mood),
    ['Drink!', '음료이요!'],
  )
  await ann.model('spoken.bill').browse([id!]).write({ number: 'B/7' })
  assert.deepEqual(await kept('spoken_bill', id!), { en_US: 'B/7' })
})

test('it is found, sorted, grouped, exported and imported in the language of whoever asks', async () => {
  const apple = await cooked('Zebra Cake', '가지볶음')
  const zucchini = await cooked('Apple Pie', '하늘국수')
  const ids = [apple.plate, zucchini.plate]
  const found = async (who: typeof ann, text: string) =>
    (await rpc(who, 'spoken.plate', 'name_search', [text])).map(([id, name]: [number, string]) => `${ids.indexOf(id)} ${name}`)
  assert.deepEqual(await found(minsu, '가지'), ['0 가지볶음'])
  assert.deepEqual(await found(ann, 'zebra'), ['0 Zebra Cake'])
  assert.deepEqual(await found(ann, '가지'), [])
  assert.deepEqual((await minsu.model('spoken.plate').search([['id', 'in', ids]])).ids, ids)
  assert.deepEqual((await ann.model('spoken.plate').search([['id', 'in', ids]])).ids, ids.toReversed())
  const groups = await minsu.model('spoken.plate').group([['id', 'in', ids]], ['display_name'])
  assert.deepEqual(
    groups.map(({ display_name }) => display_name),
    ['가지볶음', '하늘국수'],
  )
  const { datas } = await rpc(minsu, 'spoken.plate', 'export_data', [ids, ['display_name', 'dish_id']])
  assert.deepEqual(datas, [
    ['가지볶음', '가지볶음'],
    ['하늘국수', '하늘국수'],
  ])
  const loaded = await rpc(minsu, 'spoken.offer', 'load', [['plate_id'], [['하늘국수']]])
  assert.deepEqual((await ann.model('spoken.offer').browse(loaded.ids).read(['plate_id']))[0]!.plate_id, zucchini.plate)
  const refused = await rpc(ann, 'spoken.offer', 'load', [['plate_id'], [['하늘국수']]])
  assert.equal(refused.ids, false)
})

test('words cost no statement; names that differ cost one for each other language', async () => {
  const count = async (name: string, values: Record<string, unknown>): Promise<number> => {
    await rpc(ann, name, 'create', [values])
    return ann.statements
  }
  assert.equal(await count('spoken.bill', { number: 'B/8' }), await count('spoken.slip', { number: 'B/8' }))
  const { dish: id } = await cooked('Rice', '밥')
  assert.equal(await count('spoken.plate', { dish_id: id }), (await count('spoken.slip', { number: 'B/9' })) + 1)
})

test('nobody writes it, and no text in it becomes SQL or another key', async () => {
  const nasty = `'); drop table spoken_plate; -- "},{"ko_KR":"x"`
  const { plate: id } = await cooked(nasty, `${nasty} 한국`)
  assert.deepEqual(await kept('spoken_plate', id), { en_US: nasty, ko_KR: `${nasty} 한국` })
  await rpc(minsu, 'spoken.plate', 'write', [[id], { display_name: '바꿈', code: 'X' }])
  assert.deepEqual(await inEach('spoken.plate', id), [`[X] ${nasty}`, `[X] ${nasty} 한국`])
  for (const text of ['바꿈', false])
    await assert.rejects(rpc(minsu, 'spoken.plate', 'update_field_translations', [[id], 'display_name', { ko_KR: text }]), ValueError)
  assert.deepEqual(await inEach('spoken.plate', id), [`[X] ${nasty}`, `[X] ${nasty} 한국`])
})

test('a form follows in its own language', async () => {
  const { dish: id } = await cooked('Tea', '차')
  const answer = (who: typeof ann) =>
    rpc(who, 'spoken.plate', 'onchange', [[], { code: 'T', dish_id: id }, ['dish_id'], { display_name: {}, code: {}, dish_id: {} }])
  assert.equal((await answer(minsu)).value.display_name, '[T] 차')
  assert.equal((await answer(ann)).value.display_name, '[T] Tea')
})

/** A call whose opener was not told the languages, as jobs of the system are. */
const unaware = <T>(work: Parameters<typeof at.system.call<T>>[0]): Promise<T> =>
  at.system.call((env) => {
    env.call.installed = null
    return work(env)
  })

test('a language that is made active counts at once, and what was there before is filled in', async () => {
  const { dish: id, plate: old } = await cooked('Bread', '빵')
  const bread = ann.with({ lang: 'fr_FR' })
  const [french] = (
    await at.system
      .with({ active_test: false })
      .model('res.lang')
      .search([['code', '=', 'fr_FR']])
  ).ids
  const waiting = await at.system.call((env) =>
    env.cx.query<{ n: number }>(sql`select count(*)::int4 as n from job where name = 'base.languages'`),
  )
  const [within] = await unaware(async (env) => {
    await env.model('res.lang').browse([french!]).write({ active: true })
    await env.withContext({ lang: 'fr_FR' }).model('spoken.dish').browse([id]).write({ name: 'Pain' })
    return (await env.model('spoken.plate').create({ dish_id: id })).ids
  })
  assert.deepEqual(await kept('spoken_plate', within!), { en_US: 'Bread', fr_FR: 'Pain', ko_KR: '빵' })
  await at.asOwner((client) =>
    asConnection(client).query(sql`update spoken_plate set display_name = ${JSON.stringify({ en_US: 'Bread' })}::jsonb where id = ${old}`),
  )
  const asked = await at.system.call((env) =>
    env.cx.query<{ n: number }>(sql`select count(*)::int4 as n from job where name = 'base.languages'`),
  )
  assert.equal(asked[0]!.n - waiting[0]!.n, 2, 'at once, and when the calls are over that do not know of it')
  const plates = at.registry.models.get('spoken.plate')!
  await unaware((env) => computeNext(env, plates, [plates.fields.get('display_name')!], 0))
  assert.deepEqual(await kept('spoken_plate', old), { en_US: 'Bread', fr_FR: 'Pain', ko_KR: '빵' })
  assert.equal((await bread.model('spoken.plate').browse([old]).read(['display_name']))[0]!.display_name, 'Pain')
})

test('a text that would be English for everybody is refused at the start', () => {
  const wrong: any = model('spoken.wrong' as never, {
    fields: {
      a: char({ compute: 'stored' }),
      b: char({ compute: 'stored' }),
      c: char({ compute: 'live', translate: true }),
      dish_id: many2one('spoken.dish'),
    },
  })
  wrong.compute('a', ['dish_id.name'], () => 'x')
  wrong.compute('b', ['dish_id'], (_: unknown, t: (text: string) => string) => t('x'))
  wrong.compute('c', ['dish_id.name'], () => 'x')
  const rules = { ...access, 'spoken.wrong': [grant(cook, all)] }
  assert.throws(
    () => assemble([app({ name: 'spoken', depends: [base], models: [...models, wrong], groups: [cook], access: rules as never })]),
    (error: DefinitionError) => {
      for (const says of [
        /spoken\.wrong\.a follows from translated fields/,
        /spoken\.wrong\.b asks for words/,
        /spoken\.wrong\.c is read in the reader's language anyway/,
      ])
        assert.match(error.message, says)
      return true
    },
  )
})
