import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { type Env, IdentityError, finishCall, openCall, Env as Environment, sql } from '@erp4/orm'
import { waitingLetters, world } from '@erp4/testing'
import { base, employee, userManager } from './index.ts'

// What people are told when a door of their account changes: by whomever, and in their language.

const here = await world(base)
const ann = await here.person(employee)
const chief = await here.person(userManager)
const users = here.system.model('res.users')
await users.browse([ann.user.id]).write({ email: 'ann@azure.example', lang: 'ko_KR' })

const letters = () => here.databases.use(here.database, (cx) => waitingLetters(cx, here.keys))
const addresses = async () => (await letters()).map(({ to }) => to)
beforeEach(() => here.databases.use(here.database, (cx) => cx.query(sql`delete from outbox`)))

test('a changed mail address is told of at both, with who did it, and only when it is another one', async () => {
  const hers = chief.model('res.partner').browse([ann.user.partner_id])
  await hers.write({ email: 'ann@kestrel.example' })
  assert.deepEqual(await addresses(), ['ann@azure.example', 'ann@kestrel.example'])
  const [former] = await letters()
  assert.match(former!.text, new RegExp(`변경한 사람: ${chief.user.name}`))
  await hers.write({ email: ' ANN@kestrel.example', phone: '1' })
  assert.equal((await letters()).length, 2)
  await ann.model('res.users').browse([ann.user.id]).write({ email: null })
  assert.deepEqual((await addresses()).slice(2), ['ann@kestrel.example'])
  await ann.model('res.users').browse([ann.user.id]).write({ email: 'ann@azure.example' })
  assert.deepEqual((await addresses()).slice(3), ['ann@azure.example'])
})

test('nobody who signs in is told of the addresses of those who do not, or of users that are made or archived', async () => {
  const [plain] = (await here.system.model('res.partner').create({ name: 'Narae', email: 'a@narae.example' })).ids
  await here.system.model('res.partner').browse([plain!]).write({ email: 'b@narae.example' })
  const made = await chief.model('res.users').create({ login: 'new@azure.example', ...({ name: 'New' } as object) } as never)
  await made.write({ active: false })
  await made.write({ email: 'other@azure.example' })
  assert.deepEqual(await letters(), [])
})

/** One call of a person whose session is older than ten minutes, or not. */
const asAnn = <T>(isConfirmed: boolean, work: (env: Env<false>) => Promise<T>): Promise<T> =>
  here.databases.transaction(here.database, async (cx) => {
    const context = { lang: 'en_US', tz: 'UTC', allowed_company_ids: [1], active_test: true }
    const call = openCall({ registry: here.registry, cx, identityConfirmed: isConfirmed })
    const env = new Environment(call, ann.user, context, false)
    const answer = await work(env)
    await finishCall(env)
    return answer
  })

test('whoever has a session that was left open does not take its account over by another mail address', async () => {
  const change = (isConfirmed: boolean, email: string | null) =>
    asAnn(isConfirmed, (env) => env.model('res.users').browse([env.user.id]).write({ email }))
  for (const email of ['evil@example.com', null]) await assert.rejects(change(false, email), IdentityError)
  await assert.rejects(
    asAnn(false, (env) => env.model('res.partner').browse([env.user.partner_id]).write({ email: 'evil@example.com' })),
    IdentityError,
  )
  const [row] = await users.browse([ann.user.id]).read(['email'])
  assert.equal(row!.email, 'ann@azure.example')
  await change(false, 'Ann@Azure.example')
  await change(true, 'ann@azure.example')
})
