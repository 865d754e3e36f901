import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { seeded } from './seeded.ts'
import { guessMs, selectTests, testOptions } from './test.ts'

const all = [
  'apps/sale/models/sale_order.test.ts',
  'apps/sale_stock/x.test.ts',
  'packages/orm/domain.test.ts',
  'packages/orm/sql/fragment.test.ts',
  'tests/quote_to_cash.test.ts',
]

for (const [place, found] of [
  ['sale', ['apps/sale/models/sale_order.test.ts']],
  ['orm', ['packages/orm/domain.test.ts', 'packages/orm/sql/fragment.test.ts']],
  ['packages/orm/sql', ['packages/orm/sql/fragment.test.ts']],
  ['./tests/', ['tests/quote_to_cash.test.ts']],
  ['packages/orm/domain.test.ts', ['packages/orm/domain.test.ts']],
  ['fragment', ['packages/orm/sql/fragment.test.ts']],
  ['nowhere', []],
] as const) {
  test(`the place '${place}' means ${found.join(' and ') || 'no file'}`, () => assert.deepEqual(selectTests(all, place), found))
}

test('where nothing is known, stories begin and the tests of single files end', () => {
  const order = ['apps/sale/sale.test.ts', 'packages/ops/keys.test.ts', 'tests/crash.test.ts', 'packages/orm/decimal.test.ts']
  assert.deepEqual(
    order.toSorted((a, b) => guessMs(b) - guessMs(a)),
    ['tests/crash.test.ts', 'packages/ops/keys.test.ts', 'apps/sale/sale.test.ts', 'packages/orm/decimal.test.ts'],
  )
})

for (const [what, line] of [
  ['thrown', "setTimeout(() => { throw new Error('lost on the way') })"],
  ['of a promise', "void Promise.reject(new Error('lost on the way'))"],
] as const) {
  test(`an error ${what} that nobody caught fails its file, and is told`, () => {
    const pause = 'await new Promise((resolve) => setTimeout(resolve, 50))'
    const root = seeded({ 'lost.test.ts': `import { test } from 'node:test'\ntest('a test', async () => { ${line}; ${pause} })\n` })
    const { status, stderr } = spawnSync(process.execPath, [...testOptions, join(root, 'lost.test.ts')], { encoding: 'utf8' })
    assert.equal(status, 1)
    assert.match(stderr, /Nobody caught this: Error: lost on the way\n +at .*lost\.test\.ts/)
  })
}

test('PBKDF2 is that of Node in the processes of tests, and the same hash is computed once', async () => {
  const again = `
    import { pbkdf2, pbkdf2Sync } from 'node:crypto'
    import { promisify } from 'node:util'
    import { test } from 'node:test'
    import assert from 'node:assert/strict'
    test('hashes', async () => {
      const hash = (password, salt, rounds = 3) => promisify(pbkdf2)(password, salt, rounds, 64, 'sha512')
      for (let n = 0; n < 5; n++) assert.deepEqual(await hash('secret', 'salt'), pbkdf2Sync('secret', 'salt', 3, 64, 'sha512'))
      assert.equal(globalThis.computed, 1)
      for (const [password, salt, rounds] of [[Buffer.from('secret'), 'salt', 4], ['secret ', 'salt', 3], ['secret', 'sal', 3]])
        assert.deepEqual(await hash(password, salt, rounds), pbkdf2Sync(password, salt, rounds, 64, 'sha512'))
      const mine = await hash('secret', 'salt')
      mine.fill(0)
      assert.notDeepEqual(await hash('secret', 'salt'), mine)
      await assert.rejects(hash('secret', 'salt', -1), RangeError)
    })`
  const counting = `
    import crypto from 'node:crypto'
    const { pbkdf2 } = crypto
    globalThis.computed = 0
    crypto.pbkdf2 = (...given) => (globalThis.computed++, pbkdf2(...given))`
  const root = seeded({ 'counting.mjs': counting, 'hashes.test.mjs': again })
  const options = [`--import=${join(root, 'counting.mjs')}`, ...testOptions]
  const { status, stderr } = spawnSync(process.execPath, [...options, join(root, 'hashes.test.mjs')], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
})
