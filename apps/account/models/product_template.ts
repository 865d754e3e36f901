import { type Env, type FieldsOf, extend, many2many, many2one } from '@erp4/orm'

export const product_template = extend('product.template', {
  fields: {
    taxes_id: many2many('account.tax', {
      label: 'Sales Taxes',
      domain: [['type_tax_use', '=', 'sale']],
      default: (env) => usual(env, 'account_sale_tax_id'),
    }),
    supplier_taxes_id: many2many('account.tax', {
      label: 'Purchase Taxes',
      domain: [['type_tax_use', '=', 'purchase']],
      default: (env) => usual(env, 'account_purchase_tax_id'),
    }),
    property_account_income_id: many2one('account.account', { companyDependent: true, label: 'Income Account' }),
    property_account_expense_id: many2one('account.account', { companyDependent: true, label: 'Expense Account' }),
  },
})

export const product_product = extend('product.product', {
  fields: {
    taxes_id: many2many('account.tax', { related: 'product_tmpl_id.taxes_id', label: 'Sales Taxes' }),
    supplier_taxes_id: many2many('account.tax', { related: 'product_tmpl_id.supplier_taxes_id', label: 'Purchase Taxes' }),
  },
})

export const product_category = extend('product.category', {
  fields: {
    property_account_income_categ_id: many2one('account.account', { companyDependent: true, label: 'Income Account' }),
    property_account_expense_categ_id: many2one('account.account', { companyDependent: true, label: 'Expense Account' }),
  },
})

declare module '@erp4/orm/models' {
  interface ProductTemplate extends FieldsOf<typeof product_template> {}
  interface ProductProduct extends FieldsOf<typeof product_product> {}
  interface ProductCategory extends FieldsOf<typeof product_category> {}
}

/** The tax that the company usually asks for. */
async function usual(env: Env, field: 'account_sale_tax_id' | 'account_purchase_tax_id'): Promise<readonly number[]> {
  const [company] = await env.model('res.company').browse([env.me.company_id]).read(['account_sale_tax_id', 'account_purchase_tax_id'])
  const tax = company?.[field] ?? null
  return tax === null ? [] : [tax]
}
