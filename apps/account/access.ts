import { employee, nobody, portal } from '@erp4/base'
import { type Access, all, freeze, grant, guard, protect } from '@erp4/orm'
import { bookManager, bookReader, biller } from './groups.ts'
import { taxFigures } from './models/account_tax.ts'
import type { models } from './models.ts'

type Own = (typeof models)[number]['name']

const posted = '{name} is posted and stays as it is. Make a credit note instead.'
const settled = 'This line belongs to an entry that is posted or cancelled, and stays as it is.'

/** Of a posted entry, `ref` and `invoice_user_id` alone may still change: neither is on the document or in the ledger. */
const fixed = [
  'move_type',
  'partner_id',
  'partner_shipping_id',
  'journal_id',
  'date',
  'invoice_date',
  'invoice_date_due',
  'invoice_payment_term_id',
  'invoice_origin',
  'payment_reference',
  'currency_id',
  'invoice_currency_rate',
  'company_id',
  'invoice_line_ids',
  'line_ids',
  'fiscal_position_id',
  'narration',
  'tax_rounding',
] as const

export const access: Access<Own> = {
  'account.account': [guard((me) => [['company_ids', 'in', me.company_ids]]), grant(bookReader, ['read']), grant(bookManager, all)],
  'account.journal': [guard((me) => [['company_id', 'in', me.company_ids]]), grant(bookReader, ['read']), grant(bookManager, all)],
  'account.tax.group': [
    guard((me) => [['company_id', 'in', me.company_ids]]),
    grant(employee, ['read']),
    grant(portal, ['name']),
    grant(bookManager, all),
  ],
  'account.tax': [
    guard((me) => [['company_id', 'in', me.company_ids]]),
    grant(employee, ['read']),
    grant(portal, ['name']),
    grant(bookManager, all),
    freeze(
      taxFigures,
      () => [
        ['move_line_ids', 'not any', [['parent_state', '=', 'posted']]],
        ['parent_tax_ids', 'not any', [['move_line_ids', 'any', [['parent_state', '=', 'posted']]]]],
      ],
      '{name} is on posted invoices, whose amounts rest on it. Archive it and make another tax.',
    ),
  ],
  'account.fiscal.position': [
    guard((me) => [['company_id', 'in', me.company_ids]]),
    grant(employee, ['read']),
    grant(portal, ['name']),
    grant(bookManager, all),
  ],
  'account.fiscal.position.tax': [
    guard((me) => [['position_id.company_id', 'in', me.company_ids]]),
    grant(employee, ['read']),
    grant(bookManager, all),
  ],
  'account.payment.term': [
    guard((me) => [['company_id', 'in', [...me.company_ids, null]]]),
    grant(employee, ['read']),
    grant(portal, ['name']),
    grant(bookManager, all),
  ],
  'account.payment.term.line': [
    guard((me) => [['payment_id.company_id', 'in', [...me.company_ids, null]]]),
    grant(employee, ['read']),
    grant(bookManager, all),
  ],
  'account.move': [
    guard((me) => [['company_id', 'in', me.company_ids]]),
    guard(() => [['state', '!=', 'posted']], ['unlink'], posted),
    grant(bookReader, ['read']),
    grant(biller, all),
    grant(portal, ['read'], (me) => [
      ['commercial_partner_id', '=', me.commercial_partner_id],
      ['state', '=', 'posted'],
      ['move_type', 'in', ['out_invoice', 'out_refund']],
    ]),
    protect(['state', 'name', 'payment_state', 'reversed_entry_id', 'is_move_sent'], nobody, ['create', 'write']),
    freeze(fixed, () => [['state', '=', 'draft']], posted),
  ],
  'account.move.line': [
    guard((me) => [['move_id.company_id', 'in', me.company_ids]]),
    guard(() => [['move_id.state', '=', 'draft']], ['create', 'write', 'unlink'], settled),
    grant(bookReader, ['read']),
    grant(biller, all),
    grant(portal, ['read'], (me) => [
      ['display_type', 'in', ['product', 'line_section', 'line_subsection', 'line_note']],
      [
        'move_id',
        'any',
        [
          ['commercial_partner_id', '=', me.commercial_partner_id],
          ['state', '=', 'posted'],
          ['move_type', 'in', ['out_invoice', 'out_refund']],
        ],
      ],
    ]),
    protect(['matching_number', 'reconciled', 'tax_line_id', 'tax_base_amount'], nobody, ['create', 'write']),
  ],
  'res.partner': [
    protect(['property_payment_term_id', 'property_account_position_id', 'credit_limit'], employee, ['read']),
    protect(['credit_limit', 'property_account_receivable_id', 'property_account_payable_id'], bookManager, ['create', 'write']),
    protect(['property_payment_term_id', 'property_account_position_id'], biller, ['create', 'write']),
    protect(['property_account_receivable_id', 'property_account_payable_id'], bookReader, ['read']),
  ],
  'res.company': [
    protect(
      [
        'tax_calculation_rounding_method',
        'account_sale_tax_id',
        'account_purchase_tax_id',
        'account_receivable_id',
        'account_payable_id',
        'account_income_id',
        'account_expense_id',
        'account_tax_received_id',
        'account_tax_paid_id',
        'account_use_credit_limit',
        'credit_limit_policy',
      ],
      bookManager,
      ['write'],
    ),
  ],
  'product.template': [
    protect(['property_account_income_id', 'property_account_expense_id'], bookReader, ['read']),
    protect(['property_account_income_id', 'property_account_expense_id'], bookManager, ['create', 'write']),
  ],
  'product.category': [
    protect(['property_account_income_categ_id', 'property_account_expense_categ_id'], bookReader, ['read']),
    protect(['property_account_income_categ_id', 'property_account_expense_categ_id'], bookManager, ['create', 'write']),
  ],
  // Every amount that was ever rounded rests on the digits of its currency.
  'res.currency': [
    freeze(['decimal_places'], () => [['move_ids', 'not any', []]], '{name} is the currency of invoices, and keeps its digits.'),
  ],
}
