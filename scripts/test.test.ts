import assert from 'node:assert/strict'
import { test } from 'node:test'
import { selectTests } from './test.ts'

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
