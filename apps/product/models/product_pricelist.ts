import { type Env, type ModelFields, UserError, boolean, char, integer, many2many, many2one, model, one2many } from '@erp4/orm'

/** Who pays what: rules by product, quantity and date, in one currency. */
export const product_pricelist = model('product.pricelist', {
  label: 'Pricelist',
  order: 'sequence, name, id',
  fields: {
    name: char({ required: true, translate: true }),
    active: boolean({ default: true }),
    sequence: integer({ required: true, default: 16 }),
    currency_id: many2one('res.currency', { required: true, ondelete: 'restrict', default: currencyOfCompany }),
    company_id: many2one('res.company', { help: 'Empty: for all companies.' }),
    country_group_ids: many2many('res.country.group', {
      label: 'Country Groups',
      help: 'Customers there have this pricelist, unless they have one of their own.',
    }),
    item_ids: one2many('product.pricelist.item', 'pricelist_id', { label: 'Price Rules', copy: true }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'product.pricelist': ProductPricelist
  }
  interface ProductPricelist extends ModelFields<typeof product_pricelist> {}
}

async function currencyOfCompany(env: Env): Promise<number> {
  const [company] = await env.model('res.company').browse([env.me.company_id]).read(['currency_id'])
  if (!company) throw new UserError(env.t('Say in which currency the prices are.'))
  return company.currency_id
}
