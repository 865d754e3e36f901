import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AccessError, Env, type User, UserError, ValueError, finishCall, openCall, sql } from '@erp4/orm'
import { world } from '@erp4/testing'
import { desk, owner, rental } from './rental.ts'
import { rpc } from './rpc.ts'

const at = await world(rental)
const [ann, eve] = [await at.person(desk), await at.person(owner)]
const [ladder, yacht] = (await at.system.model('rental.thing').create([{ name: 'Ladder' }, { name: 'Yacht', hidden: true }]))
  .ids as unknown as [number, number]

/** A caller where Korean and French are active too. */
const abroad = ({ user }: { readonly user: User }, lang = 'en_US') => ({
  call: <T>(work: (env: Env<any>) => Promise<T>): Promise<T> =>
    at.databases.transaction(at.database, async (cx) => {
      const call = openCall({ registry: at.registry, cx, languages: ['en_US', 'ko_KR', 'fr_FR'] })
      const env = new Env(call, user, { lang, tz: 'UTC', allowed_company_ids: user.company_ids, active_test: true }, false)
      const result = await work(env)
      await finishCall(env)
      return result
    }),
})
const texts = async (id: number): Promise<unknown> => {
  const [terms] = await rpc(abroad(eve), 'rental.thing', 'get_field_translations', [[id], 'name'])
  return Object.fromEntries(terms.map((term: any) => [term.lang, term.value]))
}
const update = (who: typeof ann, ids: number[], translations: unknown, field = 'name') =>
  rpc(abroad(who), 'rental.thing', 'update_field_translations', [ids, field, translations])
const nameIn = async (lang: string) => (await rpc(abroad(eve, lang), 'rental.thing', 'read', [[ladder], ['name']]))[0].name

test('translations are written, read and taken away language by language', async () => {
  assert.equal(await update(eve, [ladder], { ko_KR: '사다리', fr_FR: 'Échelle' }), true)
  assert.deepEqual(await texts(ladder), { en_US: 'Ladder', ko_KR: '사다리', fr_FR: 'Échelle' })
  assert.deepEqual([await nameIn('ko_KR'), await nameIn('fr_FR'), await nameIn('en_US')], ['사다리', 'Échelle', 'Ladder'])
  await update(eve, [ladder], { ko_KR: false, en_US: 'Steps' })
  assert.deepEqual(await texts(ladder), { en_US: 'Steps', ko_KR: '', fr_FR: 'Échelle' })
  assert.equal(await nameIn('ko_KR'), 'Steps')
  const [terms, kind] = await rpc(abroad(eve), 'rental.thing', 'get_field_translations', [[ladder], 'name', ['fr_FR']])
  assert.deepEqual(
    [terms, kind],
    [[{ lang: 'fr_FR', source: 'Steps', value: 'Échelle' }], { translation_type: 'char', translation_show_source: false }],
  )
})

test('a change of a translation is a change: in the version and in the trail', async () => {
  const version = async () => (await at.system.model('rental.thing').browse([ladder]).read(['version']))[0]!.version
  const before = await version()
  await update(eve, [ladder], { fr_FR: false })
  assert.equal(await version(), before + 1)
  await update(eve, [ladder], { fr_FR: false })
  assert.equal(await version(), before + 1, 'nothing was there to take away')
  const [last] = await at.system.call((env) =>
    env.cx.query(sql`select actor, change from audit_in where model = 'rental.thing' and operation = 'write' order by id desc limit 1`),
  )
  assert.deepEqual(last, { actor: eve.user.id, change: { name: [{ en_US: 'Steps', fr_FR: 'Échelle' }, { en_US: 'Steps' }] } })
})

test('who may not write a record may not translate it, and hidden is as missing', async () => {
  const before = await texts(ladder)
  for (const ids of [[ladder], [yacht], [2_000_000]]) await assert.rejects(update(ann, ids, { ko_KR: 'x' }), AccessError)
  for (const ids of [[ladder], [yacht]]) await assert.rejects(update(ann, ids, { ko_KR: false }), AccessError)
  const words = (id: number) =>
    rpc(abroad(ann), 'rental.thing', 'get_field_translations', [[id], 'name']).then(
      () => 'answered',
      (error) => `${error.name} ${error.message}`,
    )
  assert.equal(await words(yacht), await words(2_000_000))
  assert.match(await words(yacht), /^AccessError/)
  assert.deepEqual(await texts(ladder), before)
})

test('only translated fields, active languages and other languages than English are taken', async () => {
  await assert.rejects(update(eve, [ladder], { de_DE: 'Leiter' }), UserError)
  await assert.rejects(update(eve, [ladder], { en_US: false }), UserError)
  await assert.rejects(update(eve, [ladder], { ko_KR: 'x' }, 'depot'), ValueError)
  await assert.rejects(update(eve, [ladder], { ko_KR: 'x' }, 'nosuch'), ValueError)
  const refused = (field: string) =>
    update(ann, [ladder], { ko_KR: 'x' }, field).catch((error) => `${error.name} ${error.message.replace(field, 'FIELD')}`)
  assert.equal(await refused('cost'), await refused('nosuch'))
})
