import { base, contactManager, employee, portal } from '@erp4/base'
import {
  type Access,
  Decimal,
  type ModelFields,
  UserError,
  all,
  app,
  boolean,
  char,
  date,
  grant,
  group,
  guard,
  integer,
  many2many,
  many2one,
  model,
  monetary,
  numberLater,
  one2many,
  protect,
  selection,
  text,
} from '@erp4/orm'

/** A small shop, so that the kernel can be tried on orders, lines, stock and numbers before there is an app for them. */
export const clerk = group('shop.clerk', { label: 'Shop: own orders', implies: [employee, contactManager] })
export const chief = group('shop.chief', { label: 'Shop: all orders', implies: [clerk] })

export const shop_order = model('shop.order', {
  label: 'Shop Order',
  order: 'id desc',
  fields: {
    name: char({ default: 'New', copy: false, index: 'trigram' }),
    state: selection({ draft: 'Draft', done: 'Done' }, { required: true, default: 'draft', copy: false }),
    partner_id: many2one('res.partner', { label: 'Customer', sameCompany: true }),
    user_id: many2one('res.users', { label: 'Clerk', default: (env) => env.user.id }),
    company_id: many2one('res.company', { required: true, default: (env) => env.me.company_id }),
    currency_id: many2one('res.currency', { related: 'company_id.currency_id' }),
    line_ids: one2many('shop.line', 'order_id', { copy: true }),
    tag_ids: many2many('shop.tag'),
    delivery_ids: one2many('shop.delivery', 'order_id'),
    total: monetary({ compute: 'stored' }),
    line_count: integer({ compute: 'stored' }),
    margin: monetary({ default: Decimal.of(0) }),
    note: text({ translate: true }),
    rebate: integer({ companyDependent: true }),
    payer_id: many2one('res.partner', { companyDependent: true }),
    due: date(),
    is_big: boolean({ compute: 'live' }),
    verdict: char({ compute: 'live' }),
    margin_note: char({ compute: 'live' }),
    city: char({ related: 'partner_id.city' }),
    active: boolean({ default: true }),
  },
})

export const shop_line = model('shop.line', {
  label: 'Shop Line',
  fields: {
    order_id: many2one('shop.order', { required: true, ondelete: 'cascade' }),
    name: char({ required: true }),
    quantity: integer({ default: 1, required: true }),
    price: monetary({ required: true, currency: 'currency_id', default: Decimal.of(0) }),
    currency_id: many2one('res.currency', { related: 'order_id.currency_id' }),
    amount: monetary({ compute: 'stored' }),
  },
})

export const shop_tag = model('shop.tag', {
  label: 'Shop Tag',
  fields: {
    name: char({ required: true, translate: true }),
    order_ids: many2many('shop.order', { inverse: 'tag_ids' }),
    uses: integer({ compute: 'stored' }),
  },
})
export const shop_delivery = model('shop.delivery', {
  label: 'Shop Delivery',
  fields: { order_id: many2one('shop.order', { required: true }) },
})
export const shop_quant = model('shop.quant', {
  label: 'Shop Stock',
  unique: [['name']],
  fields: { name: char({ required: true }), quantity: integer({ required: true, default: 0 }) },
})
export const shop_category = model('shop.category', {
  label: 'Shop Category',
  order: 'path_name',
  fields: {
    name: char({ required: true }),
    parent_id: many2one('shop.category', { ondelete: 'cascade' }),
    child_ids: one2many('shop.category', 'parent_id'),
    parent_path: char(),
    path_name: char({ compute: 'stored' }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'shop.order': ShopOrder
    'shop.line': ShopLine
    'shop.tag': ShopTag
    'shop.delivery': ShopDelivery
    'shop.quant': ShopQuant
    'shop.category': ShopCategory
  }
  interface ShopOrder extends ModelFields<typeof shop_order> {}
  interface ShopLine extends ModelFields<typeof shop_line> {}
  interface ShopTag extends ModelFields<typeof shop_tag> {}
  interface ShopDelivery extends ModelFields<typeof shop_delivery> {}
  interface ShopQuant extends ModelFields<typeof shop_quant> {}
  interface ShopCategory extends ModelFields<typeof shop_category> {}
}

shop_line.compute('amount', ['quantity', 'price'], (line) => line.price.times(Decimal.of(line.quantity)))
shop_order.compute('total', ['line_ids.amount'], (order) => Decimal.sum(order.line_ids.map((line) => line.amount ?? Decimal.of(0))))
shop_order.compute('line_count', ['line_ids'], (order) => order.line_ids.length)
shop_order.compute('is_big', ['total'], (order) => (order.total ?? Decimal.of(0)).isMore(Decimal.of(1000)))
shop_order.compute('verdict', ['is_big'], (order) => (order.is_big ? 'big' : 'small'))
shop_order.compute('margin_note', ['margin'], (order) => `earns ${order.margin?.toString() ?? 'nothing'}`)
shop_order.searchBy('is_big', (operator, value) => [['total', (operator === '=') === value ? '>' : '<=', 1000]])
shop_order.constrain(
  ['state', 'line_ids'],
  (order) => order.state !== 'done' || order.line_ids.length > 0 || 'An order needs a line to be done.',
)
shop_tag.compute('uses', ['order_ids'], (tag) => tag.order_ids.length)
shop_category.compute('path_name', ['name', 'parent_id.path_name'], (category) =>
  category.parent_id ? `${category.parent_id.path_name} / ${category.name}` : category.name,
)

/** Confirms: each order gets one delivery, however many confirm it at once. */
export const action_done = shop_order.action('action_done', { needs: 'write' }, async (orders) => {
  const closed = (await orders.read(['name', 'state'])).find((order) => order.state === 'done')
  if (closed) throw new UserError(`${closed.name} is done already.`)
  await orders.env.model('shop.delivery').create(orders.ids.map((order_id) => ({ order_id })))
  await orders.write({ state: 'done' })
})

/** Takes from stock; never below nothing. */
export const action_take = shop_quant.action(
  'action_take',
  { needs: 'write', args: { quantity: integer({ required: true }) } },
  async (quants, { quantity }) => {
    for (const quant of await quants.read(['name', 'quantity'])) {
      if (quant.quantity < quantity) throw new UserError(`There are only ${quant.quantity} of ${quant.name}.`)
      await quants.env
        .model('shop.quant')
        .browse([quant.id])
        .write({ quantity: quant.quantity - quantity })
    }
  },
)

export const action_number = shop_order.action('action_number', { needs: 'write' }, async (orders) => {
  const sequence = await orders.env.asSystem(
    'orders are numbered by one counter',
    async (sys) => (await sys.model('ir.sequence').find([['code', '=', 'shop.order']], ['name']))[0]!.id,
  )
  await numberLater(orders, 'name', { sequence, prefix: 'S', suffix: '' })
})

const access: Access<'shop.order' | 'shop.line' | 'shop.tag' | 'shop.delivery' | 'shop.quant' | 'shop.category'> = {
  'shop.order': [
    guard((me) => [['company_id', 'in', me.company_ids]]),
    grant(clerk, all, (me) => [['user_id', 'in', [me.id, null]]]),
    grant(chief, all),
    grant(portal, ['read'], (me) => [
      ['partner_id.commercial_partner_id', '=', me.commercial_partner_id],
      ['state', '=', 'done'],
    ]),
    protect(['margin'], chief),
  ],
  'shop.line': [
    guard((me) => [['order_id.company_id', 'in', me.company_ids]]),
    grant(clerk, all, (me) => [['order_id.user_id', 'in', [me.id, null]]]),
    grant(chief, all),
    grant(portal, ['read'], (me) => [
      [
        'order_id',
        'any',
        [
          ['partner_id.commercial_partner_id', '=', me.commercial_partner_id],
          ['state', '=', 'done'],
        ],
      ],
    ]),
  ],
  'shop.tag': [grant(employee, ['read']), grant(chief, all)],
  'shop.delivery': [grant(clerk, ['read', 'create'], (me) => [['create_uid', '=', me.id]])],
  'shop.quant': [grant(clerk, ['read', 'write']), grant(chief, all)],
  'shop.category': [grant(employee, ['read']), grant(chief, all)],
}

export const shop = app({
  name: 'shop',
  depends: [base],
  models: [shop_order, shop_line, shop_tag, shop_delivery, shop_quant, shop_category],
  groups: [clerk, chief],
  access,
})
