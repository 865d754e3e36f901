import {
  Decimal,
  type ModelFields,
  boolean,
  char,
  date,
  decimal,
  integer,
  json,
  many2many,
  many2one,
  model,
  monetary,
  selection,
  text,
} from '@erp4/orm'
import { isOwnUnit, unitPaths } from '@erp4/product'
import { figuresOfLine } from '../figures.ts'
import { formPaths, lineOfProduct, prepareMoveLines } from '../preparation.ts'
import { taxPaths } from '../tax-rules.ts'

export const account_move_line = model('account.move.line', {
  label: 'Journal Item',
  order: 'sequence, id',
  fields: {
    move_id: many2one('account.move', { label: 'Journal Entry', required: true, ondelete: 'cascade', index: true }),
    move_name: char({ related: 'move_id.name', label: 'Number' }),
    parent_state: selection({ draft: 'Draft', posted: 'Posted', cancel: 'Cancelled' }, { related: 'move_id.state', label: 'Status' }),
    move_type: selection(
      {
        entry: 'Journal Entry',
        out_invoice: 'Customer Invoice',
        out_refund: 'Customer Credit Note',
        in_invoice: 'Vendor Bill',
        in_refund: 'Vendor Credit Note',
      },
      { related: 'move_id.move_type', label: 'Type' },
    ),
    company_id: many2one('res.company', { related: 'move_id.company_id' }),
    currency_id: many2one('res.currency', { related: 'move_id.currency_id' }),
    company_currency_id: many2one('res.currency', { related: 'move_id.company_id.currency_id', label: 'Company Currency' }),
    date: date({ related: 'move_id.date' }),
    sequence: integer({ required: true, default: 100 }),
    display_type: selection(
      {
        product: 'Product',
        tax: 'Tax',
        payment_term: 'Payment Term',
        line_section: 'Section',
        line_subsection: 'Subsection',
        line_note: 'Note',
      },
      { label: 'Display Type', required: true, default: 'product' },
    ),
    account_id: many2one('account.account', { ondelete: 'restrict', index: true }),
    partner_id: many2one('res.partner', { ondelete: 'restrict', index: true }),
    product_id: many2one('product.product', { ondelete: 'restrict', index: true }),
    product_uom_id: many2one('uom.uom', { label: 'Unit', ondelete: 'restrict' }),
    product_uom_category_id: many2one('uom.category', {
      related: 'product_id.product_tmpl_id.uom_id.category_id',
      readonly: true,
      label: 'Unit Category',
    }),
    name: text({ label: 'Label' }),
    quantity: decimal({ digits: 6, required: true, default: Decimal.of(1) }),
    price_unit: decimal({ digits: 6, currency: 'currency_id', required: true, default: Decimal.of(0), label: 'Unit Price' }),
    discount: decimal({ digits: 4, required: true, default: Decimal.of(0), label: 'Discount (%)' }),
    tax_ids: many2many('account.tax', { label: 'Taxes', archived: true }),
    tax_line_id: many2one('account.tax', { label: 'Originator Tax', ondelete: 'restrict' }),
    tax_base_amount: monetary({ currency: 'company_currency_id', label: 'Base Amount' }),
    price_subtotal: monetary({ compute: 'stored', label: 'Subtotal' }),
    price_total: monetary({ compute: 'stored', label: 'Total' }),
    balance: monetary({ currency: 'company_currency_id', required: true, default: Decimal.of(0), copy: false }),
    amount_currency: monetary({ required: true, default: Decimal.of(0), copy: false, label: 'Amount in Currency' }),
    debit: monetary({ compute: 'stored', currency: 'company_currency_id' }),
    credit: monetary({ compute: 'stored', currency: 'company_currency_id' }),
    date_maturity: date({ label: 'Due Date', copy: false }),
    reconciled: boolean({ copy: false }),
    matching_number: char({ label: 'Matching', copy: false }),
    analytic_distribution: json({ label: 'Analytic Distribution' }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'account.move.line': AccountMoveLine
  }
  interface AccountMoveLine extends ModelFields<typeof account_move_line> {}
}

const [zero, hundred] = [Decimal.of(0), Decimal.of(100)]

account_move_line.prepare((env, list) => prepareMoveLines(env, list))

const figured = [
  'display_type',
  'quantity',
  'price_unit',
  'discount',
  'move_id.line_corrections',
  'move_id.currency_id.decimal_places',
  ...taxPaths('tax_ids'),
] as const

account_move_line.compute(
  'price_subtotal',
  figured,
  (line) => figuresOfLine(line, line.move_id.currency_id.decimal_places, line.move_id.line_corrections).net,
)
account_move_line.compute(
  'price_total',
  figured,
  (line) => figuresOfLine(line, line.move_id.currency_id.decimal_places, line.move_id.line_corrections).gross,
)
account_move_line.compute('debit', ['balance'], (line) => (line.balance.isNegative() ? zero : line.balance))
account_move_line.compute('credit', ['balance'], (line) => (line.balance.isNegative() ? line.balance.negated() : zero))

// A client gives both, one of them nothing: that one says nothing.
account_move_line.inverse('debit', (debit) => (debit === null || debit.isZero() ? {} : { balance: debit, amount_currency: debit }))
account_move_line.inverse('credit', (credit) =>
  credit === null || credit.isZero() ? {} : { balance: credit.negated(), amount_currency: credit.negated() },
)

account_move_line.constrain(unitPaths, isOwnUnit)
account_move_line.constrain(['discount'], (line) => !line.discount.isMore(hundred) || 'A discount is at most 100 percent.')

account_move_line.onchange('product_id', formPaths, (line, env) => lineOfProduct(env, line))
