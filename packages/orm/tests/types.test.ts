import assert from 'node:assert/strict'
import { test } from 'node:test'
import { base, employee } from '@erp4/base'
import {
  DefinitionError,
  all,
  app,
  assemble,
  char,
  day,
  decimal,
  extend,
  form,
  grant,
  guard,
  integer,
  list,
  many2one,
  model,
  monetary,
  one2many,
  protect,
} from '@erp4/orm'
import type { Env } from '@erp4/orm'
import { action_done, action_take, chief, shop, shop_line, shop_order } from './shop.ts'

/** Programs that must not compile, one to a line: the compiler is the test, and this function is never called. */
export async function wrongPrograms(env: Env<false>, sys: Env<true>): Promise<void> {
  const orders = env.model('shop.order')
  // @ts-expect-error a dependency is misspelt
  shop_order.compute('total', ['line_ids.amont'], () => null)
  // @ts-expect-error a field is used that was not declared as needed
  shop_order.compute('total', ['line_ids.amount'], (order) => order.margin)
  // @ts-expect-error the result has another type
  shop_order.compute('total', ['name'], (order) => order.name)
  // @ts-expect-error the field is not computed
  shop_order.compute('name', ['state'], (order) => order.state)
  // @ts-expect-error money is no number
  shop_line.compute('amount', ['quantity'], (line) => line.quantity)
  // @ts-expect-error money cannot be added with +
  shop_line.compute('amount', ['price'], (line) => line.price + line.price)
  // @ts-expect-error a domain names a field that does not exist
  await orders.search([['partner', '=', 3]])
  // @ts-expect-error a relation is compared with a text
  await orders.search([['partner_id', '=', 'Azure']])
  // @ts-expect-error a choice that does not exist
  await orders.search([['state', '=', 'sold']])
  // @ts-expect-error a dotted path is misspelt
  await orders.search([['partner_id.nam', '=', 'Azure']])
  // @ts-expect-error a number is compared by likeness
  await orders.search([['rebate', 'ilike', 3]])
  // @ts-expect-error a text is no day until day() says so
  await orders.search([['due', '>', '2026-01-31']])
  await orders.search([['due', '>', day('2026-01-31')]])
  const [order] = await orders.browse([1]).read(['name', 'partner_id.name', 'company_id.name'])
  // @ts-expect-error a field that was not loaded
  void order!.state
  // @ts-expect-error a partner that may be hidden is not asked for
  void order!.partner_id.name
  // @ts-expect-error a required company may still be hidden from a user
  void order!.company_id.name
  const [seen] = await sys.model('shop.order').browse([1]).read(['company_id.name'])
  void seen!.company_id.name
  // @ts-expect-error a path is misspelt
  await orders.browse([1]).read(['name', 'partner.name'])
  // @ts-expect-error a required value is missing
  await env.model('shop.line').create({ name: 'Desk' })
  // @ts-expect-error a computed field is written
  await orders.browse([1]).write({ total: null })
  // @ts-expect-error a choice that does not exist is written
  await orders.browse([1]).write({ state: 'sold' })
  // @ts-expect-error a required field is emptied
  await orders.browse([1]).write({ state: null })
  const leak = async (inner: Env<true>) => inner.model('shop.order').browse([1])
  // @ts-expect-error records are handed out of the system's block
  await env.asSystem('a test of what may come out', leak)
  // @ts-expect-error an action on records of another model
  await action_done(env.model('res.partner').browse([1]))
  // @ts-expect-error a required argument is missing
  await action_take(env.model('shop.quant').browse([1]), {})
  // @ts-expect-error a button on another model's form
  form('res.partner', (v) => [v.button(action_done, 'Done')])
  // @ts-expect-error a view shows a field that does not exist
  list('shop.order', ['name', 'partner'])
  // @ts-expect-error a model is given no rights
  app({ name: 'x', models: [shop_order, shop_line], access: { 'shop.order': [grant(chief, all)] } })
  // @ts-expect-error a rule names a field that does not exist
  app({ name: 'x', models: [shop_order], access: { 'shop.order': [guard((me) => [['company', 'in', me.company_ids]])] } })
  // @ts-expect-error a field that does not exist is protected
  app({ name: 'x', models: [shop_order], access: { 'shop.order': [grant(chief, all), protect(['margn'], chief)] } })
  // @ts-expect-error a number's separators are wanted, and they are there by themselves
  integer({ grouping: true })
  // @ts-expect-error a text is to be written without separators
  char({ grouping: false })
  // @ts-expect-error a comodel is misspelt
  many2one('res.parner')
  // @ts-expect-error a model is not registered in Models
  model('shop.ghost', { fields: { name: char() } })
  // @ts-expect-error groups are summed by a field that does not exist
  await orders.group([], ['state'], ['totl:sum'])
}

test('every contradiction in the declarations is told at once, by name', () => {
  const loose = {
    char: char as any,
    model: model as any,
    extend: extend as any,
    one2many: one2many as any,
    many2one: many2one as any,
    list: list as any,
  }
  const tag = loose.model('x.tag', {
    order: 'nam',
    fields: {
      name: char(),
      order_ids: loose.one2many('shop.order', 'tag_id'),
      score: monetary({ compute: 'live' }),
      price: decimal({ currency: 'name' }),
      year: loose.char({ grouping: false }),
      ghost_id: loose.many2one('x.ghost'),
      Bad: char(),
    },
  })
  const again = loose.extend('shop.order', { fields: { name: char() } })
  again.compute('line_count', ['line_ids.nope'], () => 0)
  const open = loose.extend('shop.line', {
    fields: { its_margin: monetary({ related: 'order_id.margin' }), key: char({ related: 'order_id.user_id.password' }) },
  })
  const ghost = loose.extend('project.task', { fields: {} })
  const circle = loose.model('x.circle', { fields: { a: char({ compute: 'stored' }), b: char({ compute: 'stored' }) } })
  circle.compute('a', ['b'], () => '')
  circle.compute('b', ['a'], () => '')
  const bad = app({
    name: 'bad',
    depends: [shop],
    models: [tag, circle],
    extensions: [again, open, ghost],
    access: { 'x.circle': [grant(employee, all)], 'no.model': [] } as any,
    views: [loose.list('x.tag', ['colour'])],
  })
  assert.throws(
    () => assemble([base, bad]),
    (error: unknown) => {
      assert.ok(error instanceof DefinitionError)
      const said = error.problems.join('\n')
      for (const part of [
        'declares shop.order.name again',
        'extends project.task, which no app',
        'x.tag: no group is granted',
        'x.tag.score is computed, but nothing computes it',
        'x.tag.score: a monetary field needs a currency',
        "x.tag.price: its currency is said to be in 'name', which is no link to a currency",
        'x.tag.year: only whole numbers are written without separators',
        'x.tag.order_ids: shop.order.tag_id is not a many2one back',
        "needs 'line_ids.nope', which does not exist",
        "shows 'colour', which does not exist",
        'points to x.ghost',
        "its order 'nam'",
        'computes shop.order.line_count again',
        'no.model, which no installed app declares',
        'x.tag.Bad',
        'shop.line.its_margin would show shop.order.margin, which is protected',
        'shop.line.key would show res.users.password, which is secret',
      ])
        assert.ok(said.includes(part), `${part}\nis not in\n${said}`)
      return true
    },
  )
  assert.throws(
    () => assemble([app({ name: 'c', depends: [shop], models: [circle], access: { 'x.circle': [grant(employee, all)] } as any })]),
    /need each other: x\.circle\.a → x\.circle\.b → x\.circle\.a/,
  )
})
