import assert from 'node:assert/strict'
import { test } from 'node:test'
import { administrator } from '@erp4/base'
import { sale, salesmanOfAll } from '@erp4/sale'
import { world } from '@erp4/testing'
import { openSite } from './site.ts'

// Fields that people make on the lines of a document are filled in where the lines are.

const at = await world([sale])
const site = await openSite([at], { ownerWork: true })
const ruth = await site.caller(0, (await at.person(administrator)).user.id)
const hana = await site.caller(0, (await at.person(salesmanOfAll)).user.id)
const [customer] = (await at.system.model('res.partner').create({ name: 'Narae' })).ids as unknown as [number]
const [line] = await at.system.model('ir.model').find([['model', '=', 'sale.order.line']], [])

test('a field of people’s own on order lines is a column of the order, is saved with it, and copied with it', async () => {
  const field = { name: 'x_colour', ttype: 'char', model_id: line!.id, field_description: 'Colour', state: 'manual' }
  const made = await ruth.call('ir.model.fields', 'create', [field])
  assert.equal(made.error, undefined, made.error?.message)

  const values = { partner_id: customer, order_line: [[0, 0, { name: 'A chair', product_uom_qty: 1, price_unit: 10, x_colour: 'blue' }]] }
  const saved = await hana.call('sale.order', 'web_save', [[], values, { order_line: { fields: { x_colour: {} } } }])
  assert.deepEqual(
    saved.result[0].order_line.map((one: { x_colour: string }) => one.x_colour),
    ['blue'],
  )
  const { text } = await site.send('/web/client/views', {
    method: 'POST',
    headers: { cookie: hana.cookie },
    body: { params: { model: 'sale.order' } },
  })
  assert.match(text, /"field":"x_colour"/)
  const [copy] = (await hana.call('sale.order', 'copy', [[saved.result[0].id]])).result
  const { result: lines } = await hana.call('sale.order.line', 'search_read', [[['order_id', '=', copy]], ['x_colour']])
  assert.deepEqual(
    lines.map((one: { x_colour: string }) => one.x_colour),
    ['blue'],
  )
})
