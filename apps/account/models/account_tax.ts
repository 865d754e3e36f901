import {
  Decimal,
  type Env,
  type ModelFields,
  boolean,
  char,
  decimal,
  integer,
  many2many,
  many2one,
  model,
  selection,
  text,
} from '@erp4/orm'

/** What taxes are shown together as, at the foot of a document. */
export const account_tax_group = model('account.tax.group', {
  label: 'Tax Group',
  order: 'sequence, id',
  fields: {
    name: char({ required: true, translate: true }),
    sequence: integer({ required: true, default: 10 }),
    company_id: many2one('res.company', { required: true, index: true, default: (env) => env.me.company_id }),
    country_id: many2one('res.country'),
  },
})

/** A tax on what is sold or bought. Its figures stay as they are once a posted invoice has it: another rate is another tax. */
export const account_tax = model('account.tax', {
  label: 'Tax',
  order: 'sequence, id',
  unique: [{ fields: ['name', 'type_tax_use', 'company_id'], message: 'Another tax of the company has this name already.' }],
  fields: {
    name: char({ label: 'Tax Name', required: true, translate: true }),
    description: text({ translate: true }),
    active: boolean({ default: true }),
    sequence: integer({ required: true, default: 1, help: 'Taxes of a line are worked out in this order.' }),
    type_tax_use: selection({ sale: 'Sales', purchase: 'Purchases', none: 'None' }, { label: 'Tax Type', required: true, default: 'sale' }),
    amount_type: selection(
      { group: 'Group of Taxes', fixed: 'Fixed', percent: 'Percentage', division: 'Percentage Tax Included' },
      { label: 'Tax Computation', required: true, default: 'percent' },
    ),
    amount: decimal({ digits: 6, required: true, default: Decimal.of(0), help: 'In percent; of a fixed tax, for each unit.' }),
    price_include_override: selection({ tax_included: 'Tax Included', tax_excluded: 'Tax Excluded' }, { label: 'Included in Price' }),
    price_include: boolean({ compute: 'live', label: 'Price Includes It' }),
    include_base_amount: boolean({ label: 'Affect Base of Subsequent Taxes' }),
    is_base_affected: boolean({ label: 'Base Affected by Previous Taxes', default: true }),
    parent_tax_ids: many2many('account.tax', { label: 'Groups of Taxes', inverse: 'children_tax_ids', archived: true }),
    move_line_ids: many2many('account.move.line', { label: 'Journal Items', inverse: 'tax_ids', copy: false }),
    children_tax_ids: many2many('account.tax', { label: 'Taxes of the Group', archived: true }),
    tax_group_id: many2one('account.tax.group', {
      label: 'Tax Group',
      required: true,
      ondelete: 'restrict',
      sameCompany: true,
      default: (env) => usualTaxGroup(env),
    }),
    account_id: many2one('account.account', { label: 'Tax Account', ondelete: 'restrict', help: 'Empty: the tax account of the company.' }),
    company_id: many2one('res.company', { required: true, index: true, default: (env) => env.me.company_id }),
    country_id: many2one('res.country'),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'account.tax.group': AccountTaxGroup
    'account.tax': AccountTax
  }
  interface AccountTaxGroup extends ModelFields<typeof account_tax_group> {}
  interface AccountTax extends ModelFields<typeof account_tax> {}
}

account_tax.compute('price_include', ['price_include_override'], (tax) => tax.price_include_override === 'tax_included')
account_tax.inverse('price_include', (included) => ({ price_include_override: included ? 'tax_included' : 'tax_excluded' }))
account_tax.searchBy('price_include', (operator, included) => [
  ['price_include_override', (operator === '=') === included ? '=' : '!=', 'tax_included'],
])

account_tax.constrain(['amount', 'amount_type', 'children_tax_ids.amount_type', 'children_tax_ids.company_id', 'company_id'], (tax) => {
  if (tax.amount_type !== 'group' && tax.children_tax_ids.length > 0) return 'Only a group of taxes consists of others.'
  if (tax.children_tax_ids.some((child) => child.amount_type === 'group')) return 'A group of taxes consists of taxes, not of groups.'
  if (tax.children_tax_ids.some((child) => child.company_id !== tax.company_id)) return 'The taxes of a group belong to one company.'
  const most = Decimal.of(100)
  return tax.amount_type !== 'division' || tax.amount.isLess(most) || 'A tax that is part of what is paid is less than 100 percent of it.'
})

/** What makes the amounts of documents, and so stays once documents rest on it. */
export const taxFigures = [
  'amount',
  'amount_type',
  'price_include_override',
  'include_base_amount',
  'is_base_affected',
  'sequence',
  'children_tax_ids',
  'company_id',
] as const

/** For who does not care as what it is shown: the company's first. Where it has none, the field asks for one. */
async function usualTaxGroup(env: Env): Promise<number> {
  const { ids } = await env.model('account.tax.group').search([['company_id', '=', env.me.company_id]], { order: 'sequence, id', limit: 1 })
  return ids[0] ?? (null as never)
}
