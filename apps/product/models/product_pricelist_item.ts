import { Decimal, type ModelFields, char, datetime, decimal, integer, many2one, model, selection } from '@erp4/orm'

/** One rule of a pricelist. Of those that fit, the most specific one counts, and of these the one for the largest quantity. */
export const product_pricelist_item = model('product.pricelist.item', {
  label: 'Pricelist Rule',
  order: 'applied_on, min_quantity desc, categ_id desc, id desc',
  fields: {
    display_name: char({ compute: 'stored', translate: true }),
    name: char({ related: 'display_name' }),
    pricelist_id: many2one('product.pricelist', { required: true, ondelete: 'cascade', index: true }),
    company_id: many2one('res.company', { related: 'pricelist_id.company_id' }),
    currency_id: many2one('res.currency', { related: 'pricelist_id.currency_id' }),
    sequence: integer({ default: 10 }),
    applied_on: selection(
      {
        '3_global': 'All Products',
        '2_product_category': 'Product Category',
        '1_product': 'Product',
        '0_product_variant': 'Product Variant',
      },
      { label: 'Applied On', required: true, default: '3_global' },
    ),
    categ_id: many2one('product.category', { label: 'Product Category', ondelete: 'cascade', index: true, help: 'And those below it.' }),
    product_tmpl_id: many2one('product.template', { label: 'Product', ondelete: 'cascade', index: true }),
    product_id: many2one('product.product', { label: 'Product Variant', ondelete: 'cascade', index: true }),
    min_quantity: decimal({
      digits: 6,
      required: true,
      default: Decimal.of(0),
      label: 'Min. Quantity',
      help: 'In the unit of the product.',
    }),
    date_start: datetime({ label: 'Start Date' }),
    date_end: datetime({ label: 'End Date', help: 'The rule holds until then, and at that moment still.' }),
    compute_price: selection(
      { fixed: 'Fixed Price', percentage: 'Discount', formula: 'Formula' },
      { label: 'Price Type', required: true, default: 'fixed' },
    ),
    base: selection(
      { list_price: 'Sales Price', standard_price: 'Cost', pricelist: 'Other Pricelist' },
      { label: 'Based on', required: true, default: 'list_price' },
    ),
    base_pricelist_id: many2one('product.pricelist', { label: 'Other Pricelist', ondelete: 'restrict' }),
    fixed_price: decimal({ digits: 6, currency: 'currency_id', label: 'Fixed Price', help: 'For one unit of the product.' }),
    percent_price: decimal({ digits: 4, label: 'Percentage', help: 'Taken off the base; negative to add.' }),
    price_discount: decimal({ digits: 4, label: 'Discount', help: 'Percent taken off the base; negative for a markup.' }),
    price_round: decimal({
      digits: 6,
      label: 'Rounding',
      help: 'The price is a multiple of this. For prices that end in 9.99: 10, and an extra fee of -0.01.',
    }),
    price_surcharge: decimal({ digits: 6, currency: 'currency_id', label: 'Extra Fee' }),
    price_min_margin: decimal({
      digits: 6,
      currency: 'currency_id',
      label: 'Min. Margin',
      help: 'The price is at least so much above the base.',
    }),
    price_max_margin: decimal({
      digits: 6,
      currency: 'currency_id',
      label: 'Max. Margin',
      help: 'The price is at most so much above the base.',
    }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'product.pricelist.item': ProductPricelistItem
  }
  interface ProductPricelistItem extends ModelFields<typeof product_pricelist_item> {}
}

product_pricelist_item.compute(
  'display_name',
  ['applied_on', 'categ_id.display_name', 'product_tmpl_id.name', 'product_id.display_name'],
  (item, t) => item.product_id?.display_name ?? item.product_tmpl_id?.name ?? item.categ_id?.display_name ?? t('All Products'),
)

product_pricelist_item.constrain(
  [
    'applied_on',
    'categ_id',
    'product_tmpl_id',
    'product_id',
    'base',
    'base_pricelist_id',
    'pricelist_id',
    'date_start',
    'date_end',
    'compute_price',
    'fixed_price',
    'price_round',
    'price_min_margin',
    'price_max_margin',
  ],
  (item) => {
    if (item.applied_on === '2_product_category' && item.categ_id === null) return 'Say for which category of products the rule is.'
    if (item.applied_on === '1_product' && item.product_tmpl_id === null) return 'Say for which product the rule is.'
    if (item.applied_on === '0_product_variant' && item.product_id === null) return 'Say for which variant the rule is.'
    if (item.compute_price !== 'fixed' && item.base === 'pricelist' && item.base_pricelist_id === null)
      return 'Say on which other pricelist the rule is based.'
    if (item.base_pricelist_id === item.pricelist_id) return 'A pricelist cannot be based on itself.'
    if (item.date_start !== null && item.date_end !== null && item.date_end < item.date_start) return 'A price rule ends after it begins.'
    const [low, high] = [item.price_min_margin ?? zero, item.price_max_margin ?? zero]
    if (!high.isZero() && low.isMore(high)) return 'The least margin is not more than the greatest.'
    return !(item.price_round ?? zero).isNegative() || 'Prices are rounded to multiples of more than zero.'
  },
)

const zero = Decimal.of(0)
