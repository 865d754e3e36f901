import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contactManager } from '@erp4/base'
import { contacts } from '@erp4/contacts'
import { sql } from '@erp4/orm'
import { world } from '@erp4/testing'

// Whatever a person changes is in the trail, in the same transaction, with who did it and what it was before.

const at = await world(contacts)
const ann = await at.person(contactManager)

interface Row {
  readonly actor: number
  readonly model: string
  readonly rec: number
  readonly operation: string
  readonly change: Record<string, unknown>
}

/** What the trail has of a record, oldest first. */
const trailOf = (model: string, rec: number): Promise<Row[]> =>
  at.databases.use(at.database, (cx) =>
    cx.query<Row>(
      sql`select actor, model, rec, operation, change from audit_in where model = ${model}::text and rec = ${rec}::int4 order by id`,
    ),
  )

test('a record is in the trail from its making to its end', async () => {
  const partner = await ann.model('res.partner').create({ name: 'Traced', city: 'Bonn' })
  const [id] = partner.ids as [number]
  await partner.write({ city: 'Köln' })
  await partner.write({ city: 'Köln' })
  await partner.unlink()
  const rows = await trailOf('res.partner', id)
  assert.deepEqual(
    rows.map(({ actor, operation }) => [actor, operation]),
    [
      [ann.user.id, 'create'],
      [ann.user.id, 'write'],
      [ann.user.id, 'unlink'],
    ],
  )
  assert.equal(rows[0]!.change['name'], 'Traced')
  assert.deepEqual(rows[1]!.change['city'], ['Bonn', 'Köln'])
  assert.equal(rows[2]!.change['name'], 'Traced')
})

test('links that come and go are in the trail of the record whose list it is', async () => {
  const tags = (await ann.model('res.partner.category').create([{ name: 'A' }, { name: 'B' }])).ids as [number, number]
  const partner = await ann.model('res.partner').create({ name: 'Tagged', category_id: [tags[0]] } as never)
  const [id] = partner.ids as [number]
  await partner.write({ category_id: [tags[1]] } as never)
  const changes = (await trailOf('res.partner', id)).flatMap(({ change }) => ('category_id' in change ? [change['category_id']] : []))
  assert.deepEqual(changes, [
    [null, [tags[0]]],
    [[tags[0]], null],
    [null, [tags[1]]],
  ])
})

test('what failed left no trail, as it left nothing else', async () => {
  const count = async () =>
    (await at.databases.use(at.database, (cx) => cx.query<{ n: number }>(sql`select count(*)::int4 as n from audit_in`)))[0]!.n
  const before = await count()
  await assert.rejects(
    ann.call(async (env) => {
      await env.model('res.partner').create({ name: 'Never' })
      throw new Error('not this time')
    }),
  )
  assert.equal(await count(), before)
})

test('a secret is in the trail as changed, never as it is', async () => {
  const user = (await at.person(contactManager)).user
  await at.system.model('res.users').browse([user.id]).write({ password: 'a text that stands for a hash' })
  const rows = await trailOf('res.users', user.id)
  assert.ok(rows.some(({ change }) => 'password' in change))
  assert.ok(!JSON.stringify(rows).includes('stands for a hash'))
})
