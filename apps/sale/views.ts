import { account_move_form } from '@erp4/account'
import { employee, multiCompany, res_company_form, res_partner_form } from '@erp4/base'
import { product_template_form } from '@erp4/product'
import { activity, alter, calendar, form, graph, kanban, list, menu, pivot, search } from '@erp4/orm'
import {
  action_cancel,
  action_confirm,
  action_draft,
  action_lock,
  action_quotation_sent,
  action_unlock,
  action_update_prices,
  action_update_taxes,
} from './actions.ts'
import { salesManager } from './groups.ts'
import { create_invoices } from './invoicing.ts'
import { action_quotation_compose } from './sending.ts'

const invoiceTones = { 'to invoice': 'note', upselling: 'note', invoiced: 'good', no: 'quiet' } as const

export const sale_order_list = list('sale.order', (v) => [
  v.field('name'),
  v.field('date_order'),
  v.field('partner_id'),
  v.field('client_order_ref', { optional: 'hidden' }),
  v.field('user_id', { optional: 'shown' }),
  v.field('team_id', { optional: 'hidden' }),
  v.field('validity_date', { optional: 'hidden' }),
  v.field('amount_untaxed', { optional: 'hidden', sum: true }),
  v.field('amount_total', { sum: true }),
  v.field('currency_id', { optional: 'hidden' }),
  v.field('invoice_status', { optional: 'shown', widget: 'badge', tones: invoiceTones }),
  v.field('state', { widget: 'badge', tones: { draft: 'quiet', sent: 'note', sale: 'good', cancel: 'bad' } }),
  v.field('company_id', { optional: 'hidden', only: multiCompany }),
])

export const sale_order_kanban = kanban(
  'sale.order',
  (v) => [v.field('name'), v.field('partner_id'), v.field('amount_total', { sum: true }), v.field('date_order'), v.field('user_id')],
  {
    stage: 'state',
    moves: { draft: action_draft, sent: action_quotation_sent, sale: action_confirm, cancel: action_cancel },
    folded: ['cancel'],
    quick: ['partner_id'],
  },
)

export const sale_order_calendar = calendar('sale.order', ['name', 'partner_id', 'amount_total', 'state'], {
  from: ['date_order', 'validity_date', 'commitment_date'],
  color: 'user_id',
})

/** Headings, notes and what is merely offered are nothing to sell. */
const hasLines = [
  [
    [
      'order_line',
      'any',
      [
        ['display_type', '=', null],
        ['is_optional', '=', false],
      ],
    ],
  ],
  'Add a line first.',
] as const

/** What was agreed is shown as it is, where nobody may change it: asked for and then refused would be worse. */
const settled = ['|', '|', ['locked', '=', true], ['signed_on', '!=', null], ['state', '=', 'cancel']] as const

export const sale_order_form = form('sale.order', (v) => [
  v.header(
    v.button(action_confirm, 'Confirm', [['state', 'in', ['draft', 'sent']]], {
      primary: true,
      needs: [hasLines, [[['amount_total', '>=', 0]], 'It comes to less than nothing.']],
    }),
    v.button(action_quotation_compose, 'Send by Email', [['state', '!=', 'cancel']], { needs: [hasLines] }),
    v.button(action_quotation_sent, 'Mark as Sent', [['state', '=', 'draft']]),
    v.button(create_invoices, 'Create Invoice', [['invoice_status', '=', 'to invoice']], { primary: true }),
    v.button(action_lock, 'Lock', [
      ['state', '=', 'sale'],
      ['locked', '=', false],
    ]),
    v.button(action_unlock, 'Unlock', [['locked', '=', true]], { only: salesManager }),
    v.button(action_cancel, 'Cancel', [['state', '!=', 'cancel']], {
      confirm: 'Draft invoices of this order are cancelled with it.',
      needs: [[[['locked', '=', false]], 'It is locked. Whoever manages sales unlocks it.']],
    }),
    v.button(action_draft, 'Set to Quotation', [['state', '=', 'cancel']]),
    v.button(action_update_prices, 'Update Prices', [['state', 'in', ['draft', 'sent']]]),
    v.button(action_update_taxes, 'Update Taxes', [['state', 'in', ['draft', 'sent']]]),
    v.statusbar('state', ['draft', 'sent', 'sale'], { draft: action_draft, sent: action_quotation_sent, sale: action_confirm }),
  ),
  v.title(v.field('name', { readonly: true })),
  v.columns(
    [
      v.field('partner_id', { placeholder: 'Whom is it for?', readonly: [['state', 'in', ['sale', 'cancel']]] }),
      v.field('partner_invoice_id', { readonly: settled }),
      v.field('partner_shipping_id', { readonly: settled }),
      v.field('client_order_ref', { readonly: settled }),
    ],
    [
      v.field('validity_date', { when: [['state', 'in', ['draft', 'sent']]], readonly: settled }),
      v.field('date_order', { readonly: [['state', 'in', ['sale', 'cancel']]] }),
      v.field('pricelist_id', { readonly: [['state', 'in', ['sale', 'cancel']]] }),
      v.field('payment_term_id', { readonly: settled }),
      v.field('invoice_status', { readonly: true, when: [['state', '=', 'sale']] }),
    ],
  ),
  v.tab(
    'Order Lines',
    v.lines(
      'order_line',
      (field) => [
        'product_id',
        'name',
        'product_uom_qty',
        field('product_uom_id', { among: { category_id: 'product_uom_category_id' } }),
        'price_unit',
        'discount',
        'tax_ids',
        field('is_optional', { when: [['state', 'not in', ['sale', 'cancel']]] }),
        field('qty_delivered', { when: [['state', '=', 'sale']] }),
        field('qty_invoiced', { when: [['state', '=', 'sale']] }),
        'price_subtotal',
      ],
      {
        sequence: 'sequence',
        headings: { kind: 'display_type', text: 'name', of: ['line_section', 'line_subsection', 'line_note'] },
        settled: { when: settled, but: ['qty_delivered'] },
      },
    ),
    v.footer('amount_untaxed', 'amount_tax', 'amount_total'),
    v.columns([v.field('note', { readonly: settled })]),
  ),
  v.tab(
    'Other Info',
    v.columns(
      ['user_id', 'team_id', v.field('company_id', { only: multiCompany }), v.field('require_signature')],
      [
        'commitment_date',
        v.field('fiscal_position_id', { readonly: settled }),
        v.field('tax_rounding', { readonly: settled }),
        v.field('origin', { only: employee }),
      ],
    ),
    v.group('Signature', [v.columns(['signed_by', 'signed_on', 'signed_hash'], ['signature'])], [['signed_on', '!=', null]]),
    v.group('Declined', [v.columns(['declined_on'], ['decline_reason'])], [['declined_on', '!=', null]]),
  ),
])

export const sale_order_search = search(
  'sale.order',
  ['name', 'partner_id', 'client_order_ref', 'user_id', 'team_id', 'order_line'],
  (v) => [
    v.filter('Quotations', [['state', 'in', ['draft', 'sent']]]),
    v.filter('Sales Orders', [['state', '=', 'sale']]),
    v.filter('To Invoice', [['invoice_status', '=', 'to invoice']]),
    v.separator(),
    v.period('Order Date', 'date_order'),
    v.groupBy('Salesperson', 'user_id'),
    v.groupBy('Customer', 'partner_id'),
    v.groupBy('Sales Team', 'team_id'),
    v.groupBy('Status', 'state'),
    v.groupBy('Order Date', 'date_order', 'month'),
  ],
)

export const sale_order_line_list = list('sale.order.line', (v) => [
  v.field('order_id'),
  v.field('order_partner_id'),
  v.field('name'),
  v.field('salesman_id', { optional: 'hidden' }),
  v.field('product_uom_qty'),
  v.field('qty_delivered'),
  v.field('qty_invoiced'),
  v.field('qty_to_invoice'),
  v.field('price_subtotal', { sum: true }),
])

export const sale_graph = graph('sale.order', { by: ['date_order:month', 'user_id'], measure: 'amount_total' })

export const sale_pivot = pivot('sale.order', { rows: ['user_id'], columns: ['date_order:month'], measures: ['amount_total'] })

export const sale_partner_form = alter(res_partner_form, (v) => [
  v.link('Sales Orders', 'sale.order', 'partner_id', { icon: 'shopping-cart' }),
  v.link('Invoices', 'account.move', 'partner_id', { icon: 'file-invoice' }),
])

export const sale_product_form = alter(product_template_form, (v) => [v.after('type', 'invoice_policy')])

export const sale_move_form = alter(account_move_form, (v) => [v.after('invoice_origin', 'payment_state')])

export const sale_company_form = alter(res_company_form, (v) => [
  v.tab('Sales', v.columns(['quotation_validity_days', 'portal_confirmation_sign'], ['sale_lock_confirmed'])),
])

export const views = [
  sale_order_list,
  sale_order_kanban,
  sale_order_calendar,
  sale_order_form,
  sale_order_search,
  sale_graph,
  sale_pivot,
  activity('sale.order', ['name', 'partner_id', 'amount_total', 'state']),
  sale_order_line_list,
  form('sale.order.line', (v) => [
    v.columns(
      ['order_id', 'product_id', 'name', 'product_uom_qty', 'product_uom_id', 'price_unit', 'discount', 'tax_ids'],
      ['qty_delivered', 'qty_invoiced', 'qty_to_invoice', 'price_subtotal', 'price_total', 'customer_lead'],
    ),
  ]),
  search('sale.order.line', ['name', 'order_id', 'product_id'], (v) => [
    v.filter('To Invoice', [['invoice_status', '=', 'to invoice']]),
    v.groupBy('Product', 'product_id'),
    v.groupBy('Order', 'order_id'),
  ]),
  list('crm.team', ['name', 'user_id', 'member_ids']),
  form('crm.team', (v) => [v.columns(['name', 'user_id', 'member_ids'], [v.field('company_id', { only: multiCompany }), 'active'])]),
  sale_partner_form,
  sale_product_form,
  sale_move_form,
  sale_company_form,
]

export const menus = [
  menu('Sales', 'sale.order', {
    sequence: 10,
    icon: 'shopping-cart',
    where: [['state', 'in', ['draft', 'sent']]],
    views: ['list', 'kanban', 'calendar', 'graph', 'pivot', 'activity'],
  }),
  menu('Quotations', 'sale.order', {
    parent: 'Sales/Orders',
    sequence: 10,
    where: [['state', 'in', ['draft', 'sent']]],
    views: ['list', 'kanban', 'calendar', 'graph', 'pivot', 'activity'],
  }),
  menu('Sales Orders', 'sale.order', {
    parent: 'Sales/Orders',
    sequence: 20,
    where: [['state', '=', 'sale']],
    views: ['list', 'kanban', 'calendar', 'graph', 'pivot', 'activity'],
  }),
  menu('Orders to Invoice', 'sale.order', { parent: 'Sales/Orders', sequence: 30, where: [['invoice_status', '=', 'to invoice']] }),
  menu('Customers', 'res.partner', { parent: 'Sales/Orders', sequence: 40 }),
  menu('Sales Analysis', 'sale.order', {
    parent: 'Sales/Reporting',
    sequence: 10,
    where: [['state', '!=', 'cancel']],
    views: ['graph', 'pivot', 'list'],
  }),
  menu('Order Lines', 'sale.order.line', { parent: 'Sales/Reporting', sequence: 20 }),
  menu('Sales Teams', 'crm.team', { parent: 'Sales/Configuration', sequence: 10, groups: [salesManager] }),
]
