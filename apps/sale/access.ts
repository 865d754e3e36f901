import { taxFigures } from '@erp4/account'
import { employee, nobody, portal } from '@erp4/base'
import { type Access, all, freeze, grant, guard, protect } from '@erp4/orm'
import { salesManager, salesman, salesmanOfAll } from './groups.ts'
import { agreedOfLine } from './models/sale_order_line.ts'
import { agreed } from './models/sale_order.ts'
import type { models } from './models.ts'

type Own = (typeof models)[number]['name']

const locked = '{name} is locked: what was agreed stays as it is.'
const signed = '{name} is signed: what the customer signed stays as it is.'
const cancelled = '{name} is cancelled. Make it a quotation again first.'
const confirmed = '{name} is confirmed: it keeps its customer, company and currency.'

const lockedLine = 'The order of this line is locked: what was agreed stays as it is.'
const signedLine = 'The order of this line is signed: what the customer signed stays as it is.'
const cancelledLine = 'The order of this line is cancelled. Make it a quotation again first.'
const confirmedLine = 'A line of a confirmed order keeps its product. Set its quantity to nothing, and add another line.'
const keptLine = 'A line stays on its order.'

export const access: Access<Own> = {
  'crm.team': [guard((me) => [['company_id', 'in', [...me.company_ids, null]]]), grant(employee, ['read']), grant(salesManager, all)],
  'sale.order': [
    guard((me) => [['company_id', 'in', me.company_ids]]),
    guard(() => [['state', 'in', ['draft', 'cancel']]], ['unlink'], '{name} went to the customer: cancel it before you delete it.'),
    guard(() => [['signed_on', '=', null]], ['unlink'], signed),
    grant(salesman, all, (me) => [['user_id', 'in', [me.id, null]]]),
    grant(salesmanOfAll, all),
    grant(portal, ['read'], (me) => [
      ['commercial_partner_id', '=', me.commercial_partner_id],
      ['state', 'in', ['sent', 'sale']],
    ]),
    // Numbers, states and signatures come from actions alone.
    protect(['name', 'state', 'locked', 'signed_by', 'signed_on', 'signature', 'signed_hash', 'declined_on', 'decline_reason'], nobody, [
      'create',
      'write',
    ]),
    protect(['amount_open', 'origin', 'currency_rate'], employee, ['read']),
    freeze(agreed, () => [['locked', '=', false]], locked),
    freeze(agreed, () => [['signed_on', '=', null]], signed),
    freeze(agreed, () => [['state', '!=', 'cancel']], cancelled),
    freeze(
      ['partner_id', 'company_id', 'currency_id', 'pricelist_id', 'date_order'],
      () => [['state', 'in', ['draft', 'sent']]],
      confirmed,
    ),
  ],
  'sale.order.line': [
    guard((me) => [['order_id.company_id', 'in', me.company_ids]]),
    guard(() => [['order_id.locked', '=', false]], ['create', 'unlink'], lockedLine),
    guard(() => [['order_id.signed_on', '=', null]], ['create', 'unlink'], signedLine),
    guard(() => [['order_id.state', '!=', 'cancel']], ['create', 'unlink'], cancelledLine),
    guard(() => ['|', ['order_id.state', '!=', 'sale'], ['display_type', '!=', null]], ['unlink'], confirmedLine),
    grant(salesman, all, (me) => [['order_id.user_id', 'in', [me.id, null]]]),
    grant(salesmanOfAll, all),
    grant(portal, ['read'], (me) => [
      [
        'order_id',
        'any',
        [
          ['commercial_partner_id', '=', me.commercial_partner_id],
          ['state', 'in', ['sent', 'sale']],
        ],
      ],
    ]),
    protect(['technical_price_unit'], employee, ['read']),
    protect(['invoice_lines'], nobody, ['create', 'write']),
    freeze(agreedOfLine, () => [['order_id.locked', '=', false]], lockedLine),
    freeze(agreedOfLine, () => [['order_id.signed_on', '=', null]], signedLine),
    freeze(agreedOfLine, () => [['order_id.state', '!=', 'cancel']], cancelledLine),
    freeze(['product_id', 'product_uom_id', 'display_type', 'is_optional'], () => [['order_id.state', '!=', 'sale']], confirmedLine),
    freeze(['order_id'], () => [['id', '=', 0]], keptLine),
  ],
  'sale.advance.payment.inv': [grant(salesman, ['create', 'read', 'write'], (me) => [['create_uid', '=', me.id]])],
  // A seller sees the invoices of his own orders; who writes them is the accountant's matter.
  'account.move': [
    grant(salesman, ['read'], (me) => [['invoice_user_id', '=', me.id]]),
    grant(salesmanOfAll, ['read'], () => [['move_type', 'in', ['out_invoice', 'out_refund']]]),
  ],
  'account.move.line': [
    grant(salesman, ['read'], (me) => [
      ['display_type', 'in', ['product', 'line_section', 'line_subsection', 'line_note']],
      ['move_id', 'any', [['invoice_user_id', '=', me.id]]],
    ]),
    grant(salesmanOfAll, ['read'], () => [
      ['display_type', 'in', ['product', 'line_section', 'line_subsection', 'line_note']],
      ['move_id', 'any', [['move_type', 'in', ['out_invoice', 'out_refund']]]],
    ]),
    protect(['sale_line_ids'], nobody, ['create', 'write']),
  ],
  'account.tax': [
    freeze(
      taxFigures,
      () => [
        ['sale_line_ids', 'not any', [['order_id.state', 'in', ['sent', 'sale']]]],
        ['parent_tax_ids', 'not any', [['sale_line_ids', 'any', [['order_id.state', 'in', ['sent', 'sale']]]]]],
      ],
      '{name} is on quotations and orders that customers have. Archive it and make another tax.',
    ),
  ],
  'res.company': [protect(['quotation_validity_days', 'portal_confirmation_sign', 'sale_lock_confirmed'], salesManager, ['write'])],
}
