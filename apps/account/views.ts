import { multiCompany, res_company_form, res_partner_form } from '@erp4/base'
import { product_template_form } from '@erp4/product'
import { activity, alter, calendar, form, graph, kanban, list, menu, pivot, search } from '@erp4/orm'
import { action_reverse, button_cancel, button_draft } from './correction.ts'
import { biller, bookManager, bookReader } from './groups.ts'
import { action_post } from './posting.ts'
import { action_invoice_sent } from './sending.ts'

export const account_move_list = list('account.move', (v) => [
  v.field('display_name', { label: 'Number' }),
  v.field('partner_id'),
  v.field('invoice_date'),
  v.field('invoice_date_due', { optional: 'shown' }),
  v.field('ref', { optional: 'hidden' }),
  v.field('invoice_origin', { optional: 'hidden' }),
  v.field('amount_untaxed', { optional: 'shown', sum: true }),
  v.field('amount_total', { sum: true }),
  v.field('amount_residual', { optional: 'hidden', sum: true }),
  v.field('currency_id', { optional: 'hidden' }),
  v.field('payment_state', {
    optional: 'hidden',
    widget: 'badge',
    tones: { not_paid: 'note', partial: 'note', paid: 'good', reversed: 'quiet' },
  }),
  v.field('state', { widget: 'badge', tones: { draft: 'quiet', posted: 'good', cancel: 'bad' } }),
  v.field('is_move_sent', { optional: 'hidden' }),
  v.field('company_id', { optional: 'hidden', only: multiCompany }),
])

// A document is posted in its form, where one sees what one posts: cards are not dragged there.
export const account_move_kanban = kanban(
  'account.move',
  (v) => [
    v.field('display_name'),
    v.field('partner_id'),
    v.field('amount_total', { sum: true }),
    v.field('invoice_date_due'),
    v.field('payment_state', { widget: 'badge' }),
  ],
  { stage: 'state', folded: ['cancel'] },
)

export const account_move_calendar = calendar('account.move', ['display_name', 'partner_id', 'amount_residual', 'payment_state'], {
  from: ['invoice_date_due', 'invoice_date'],
  color: 'state',
})

export const account_move_graph = graph('account.move', { by: ['invoice_date:month', 'state'], measure: 'amount_total_signed' })

export const account_move_pivot = pivot('account.move', {
  rows: ['partner_id'],
  columns: ['invoice_date:month'],
  measures: ['amount_total_signed', 'amount_residual_signed'],
})

/** An entry that is posted or cancelled is shown as it is: asked for and then refused would be worse. */
const settled = [['state', '!=', 'draft']] as const

export const account_move_form = form('account.move', (v) => [
  v.header(
    v.button(action_post, 'Post', [['state', '=', 'draft']], {
      primary: true,
      only: biller,
      needs: [
        [['|', ['move_type', '=', 'entry'], ['partner_id', '!=', null]], 'Choose whom it is for.'],
        [
          [
            '|',
            ['move_type', '=', 'entry'],
            ['invoice_line_ids', 'any', [['display_type', 'not in', ['line_section', 'line_subsection', 'line_note']]]],
          ],
          'Add a line first.',
        ],
      ],
    }),
    v.button(
      action_invoice_sent,
      'Send by Email',
      [
        ['state', '=', 'posted'],
        ['move_type', 'in', ['out_invoice', 'out_refund']],
        ['is_move_sent', '=', false],
      ],
      { primary: true },
    ),
    v.button(action_invoice_sent, 'Send Again', [['is_move_sent', '=', true]]),
    v.button(action_reverse, 'Credit Note', [['state', '=', 'posted']], { only: biller, confirm: 'A draft is made that takes this back.' }),
    v.button(button_cancel, 'Cancel', [['state', '=', 'draft']], { only: biller }),
    v.button(button_draft, 'Back to Draft', [['state', '=', 'cancel']], { only: biller }),
    v.statusbar('state', ['draft', 'posted'], { draft: button_draft, posted: action_post }),
  ),
  v.link('Credit Notes', 'account.move', 'reversed_entry_id', { icon: 'receipt-refund' }),
  v.title(v.field('display_name', { readonly: true })),
  v.columns(
    [
      v.field('move_type', { readonly: true }),
      v.field('partner_id', { required: [['move_type', '!=', 'entry']], readonly: settled }),
      v.field('ref'),
      v.field('invoice_origin', { when: [['invoice_origin', '!=', null]], readonly: true }),
      v.field('reversed_entry_id', { when: [['reversed_entry_id', '!=', null]], readonly: true }),
    ],
    [
      v.field('invoice_date', { when: [['move_type', '!=', 'entry']], readonly: settled }),
      v.field('date', { when: [['move_type', '=', 'entry']], readonly: settled }),
      v.field('invoice_payment_term_id', { when: [['move_type', '!=', 'entry']], readonly: settled }),
      v.field('invoice_date_due', { when: [['move_type', '!=', 'entry']], readonly: settled }),
      v.field('journal_id', { readonly: settled }),
      v.field('currency_id', { readonly: settled }),
      v.field('company_id', { only: multiCompany, readonly: settled }),
    ],
  ),
  v.tab(
    'Invoice Lines',
    v.lines(
      'invoice_line_ids',
      (field) => [
        'product_id',
        'name',
        'quantity',
        field('product_uom_id', { among: { category_id: 'product_uom_category_id' } }),
        'price_unit',
        'discount',
        'tax_ids',
        'price_subtotal',
      ],
      {
        sequence: 'sequence',
        headings: { kind: 'display_type', text: 'name', of: ['line_section', 'line_subsection', 'line_note'] },
        settled: { when: settled, but: [] },
      },
    ),
    v.footer(
      'amount_untaxed',
      'amount_tax',
      'amount_total',
      v.field('amount_residual', {
        when: [
          ['state', '=', 'posted'],
          ['move_type', '!=', 'entry'],
        ],
      }),
    ),
    v.columns(['narration']),
  ),
  v.tab(
    'Journal Items',
    v.lines('line_ids', ['account_id', 'partner_id', 'name', 'debit', 'credit', 'date_maturity'], { settled: { when: settled, but: [] } }),
  ),
  v.tab(
    'Other Info',
    v.columns(
      ['invoice_user_id', v.field('payment_reference', { readonly: settled }), v.field('partner_shipping_id', { readonly: settled })],
      [
        v.field('fiscal_position_id', { readonly: settled }),
        v.field('tax_rounding', { readonly: settled }),
        v.field('invoice_currency_rate', { readonly: settled }),
      ],
    ),
  ),
])

export const account_move_search = search(
  'account.move',
  ['display_name', 'partner_id', 'ref', 'invoice_origin', 'invoice_user_id'],
  (v) => [
    v.filter('Draft', [['state', '=', 'draft']]),
    v.filter('Posted', [['state', '=', 'posted']]),
    v.filter('Not Sent', [
      ['state', '=', 'posted'],
      ['is_move_sent', '=', false],
    ]),
    v.separator(),
    v.filter('Invoices', [['move_type', '=', 'out_invoice']]),
    v.filter('Credit Notes', [['move_type', '=', 'out_refund']]),
    v.separator(),
    v.period('Invoice Date', 'invoice_date'),
    v.period('Due Date', 'invoice_date_due'),
    v.groupBy('Customer', 'partner_id'),
    v.groupBy('Salesperson', 'invoice_user_id'),
    v.groupBy('Status', 'state'),
    v.groupBy('Journal', 'journal_id'),
    v.groupBy('Invoice Date', 'invoice_date', 'month'),
  ],
)

export const account_move_line_list = list('account.move.line', (v) => [
  v.field('date'),
  v.field('move_id'),
  v.field('account_id'),
  v.field('partner_id'),
  v.field('name'),
  v.field('debit', { sum: true }),
  v.field('credit', { sum: true }),
  v.field('date_maturity', { optional: 'hidden' }),
])

export const account_partner_form = alter(res_partner_form, (v) => [
  v.tab(
    'Invoicing',
    v.columns(
      ['property_payment_term_id', 'property_account_position_id', 'credit_limit'],
      [v.field('property_account_receivable_id', { only: bookReader }), v.field('property_account_payable_id', { only: bookReader })],
    ),
  ),
])

export const account_product_form = alter(product_template_form, (v) => [
  v.after('list_price', 'taxes_id'),
  v.tab(
    'Accounting',
    v.columns(
      ['supplier_taxes_id'],
      [v.field('property_account_income_id', { only: bookReader }), v.field('property_account_expense_id', { only: bookReader })],
    ),
  ),
])

export const account_company_form = alter(res_company_form, (v) => [
  v.tab(
    'Invoicing',
    v.columns(
      [
        'account_sale_tax_id',
        'account_purchase_tax_id',
        'tax_calculation_rounding_method',
        'account_use_credit_limit',
        'credit_limit_policy',
      ],
      [
        'account_receivable_id',
        'account_payable_id',
        'account_income_id',
        'account_expense_id',
        'account_tax_received_id',
        'account_tax_paid_id',
      ],
    ),
  ),
])

export const views = [
  account_move_list,
  account_move_kanban,
  account_move_calendar,
  account_move_graph,
  account_move_pivot,
  activity('account.move', ['display_name', 'partner_id', 'amount_residual']),
  account_move_form,
  account_move_search,
  account_move_line_list,
  search('account.move.line', ['name', 'move_id', 'account_id', 'partner_id', 'product_id'], (v) => [
    v.filter('Posted', [['parent_state', '=', 'posted']]),
    v.period('Date', 'date'),
    v.groupBy('Account', 'account_id'),
    v.groupBy('Partner', 'partner_id'),
    v.groupBy('Journal Entry', 'move_id'),
  ]),
  list('account.account', ['code', 'name', 'account_type', 'reconcile']),
  form('account.account', (v) => [
    v.columns(['code', 'name', 'account_type'], ['reconcile', 'active', v.field('company_ids', { only: multiCompany })]),
  ]),
  search('account.account', ['display_name', 'account_type'], (v) => [
    v.filter('Archived', [['active', '=', false]]),
    v.groupBy('Type', 'account_type'),
  ]),
  list('account.journal', ['name', 'type', 'code', 'default_account_id']),
  form('account.journal', (v) => [
    v.columns(['name', 'type', 'code'], ['default_account_id', 'currency_id', v.field('company_id', { only: multiCompany }), 'active']),
  ]),
  list('account.tax', (v) => [
    v.field('name'),
    v.field('type_tax_use'),
    v.field('amount_type'),
    v.field('amount'),
    v.field('price_include'),
    v.field('company_id', { only: multiCompany }),
    v.field('active', { optional: 'hidden' }),
  ]),
  form('account.tax', (v) => [
    v.columns(
      [
        'name',
        'type_tax_use',
        'amount_type',
        v.field('amount', { when: [['amount_type', '!=', 'group']] }),
        v.field('children_tax_ids', { when: [['amount_type', '=', 'group']] }),
      ],
      ['price_include_override', 'tax_group_id', 'account_id', 'country_id', 'active'],
    ),
    v.tab(
      'Advanced Options',
      v.columns(['include_base_amount', 'is_base_affected', 'sequence'], [v.field('company_id', { only: multiCompany })]),
    ),
    v.tab('Description', v.columns(['description'])),
  ]),
  search('account.tax', ['name', 'tax_group_id'], (v) => [
    v.filter('Sales', [['type_tax_use', '=', 'sale']]),
    v.filter('Purchases', [['type_tax_use', '=', 'purchase']]),
    v.filter('Archived', [['active', '=', false]]),
    v.groupBy('Tax Type', 'type_tax_use'),
  ]),
  list('account.tax.group', ['name', 'sequence', 'country_id']),
  list('account.fiscal.position', ['name', 'sequence']),
  form('account.fiscal.position', (v) => [
    v.columns(['name'], [v.field('company_id', { only: multiCompany }), 'active']),
    v.tab('Tax Mapping', v.lines('tax_ids', ['tax_src_id', 'tax_dest_id'])),
    v.tab('Legal Notes', v.columns(['note'])),
  ]),
  list('account.payment.term', ['name', 'sequence']),
  form('account.payment.term', (v) => [
    v.columns(['name'], [v.field('company_id', { only: multiCompany }), 'active']),
    v.tab(
      'Installments',
      v.lines('line_ids', ['value', 'value_amount', 'delay_type', 'nb_days', 'days_next_month'], { sequence: 'sequence' }),
    ),
    v.tab('Description on the Invoice', v.columns(['note'])),
  ]),
  account_partner_form,
  account_product_form,
  account_company_form,
]

export const menus = [
  menu('Invoicing', 'account.move', {
    sequence: 40,
    icon: 'file-invoice',
    where: [['move_type', '=', 'out_invoice']],
    context: { default_move_type: 'out_invoice' },
  }),
  menu('Invoices', 'account.move', {
    parent: 'Invoicing/Customers',
    sequence: 10,
    where: [['move_type', '=', 'out_invoice']],
    context: { default_move_type: 'out_invoice' },
  }),
  menu('Credit Notes', 'account.move', {
    parent: 'Invoicing/Customers',
    sequence: 20,
    where: [['move_type', '=', 'out_refund']],
    context: { default_move_type: 'out_refund' },
  }),
  menu('Bills', 'account.move', {
    parent: 'Invoicing/Vendors',
    sequence: 10,
    where: [['move_type', '=', 'in_invoice']],
    context: { default_move_type: 'in_invoice' },
  }),
  menu('Journal Entries', 'account.move', { parent: 'Invoicing/Accounting', sequence: 10, groups: [bookReader] }),
  menu('Journal Items', 'account.move.line', { parent: 'Invoicing/Accounting', sequence: 20, groups: [bookReader] }),
  menu('Accounts', 'account.account', { parent: 'Invoicing/Configuration', sequence: 10, groups: [bookManager] }),
  menu('Journals', 'account.journal', { parent: 'Invoicing/Configuration', sequence: 20, groups: [bookManager] }),
  menu('Taxes', 'account.tax', { parent: 'Invoicing/Configuration', sequence: 30, groups: [bookManager] }),
  menu('Tax Groups', 'account.tax.group', { parent: 'Invoicing/Configuration', sequence: 31, groups: [bookManager] }),
  menu('Fiscal Positions', 'account.fiscal.position', { parent: 'Invoicing/Configuration', sequence: 32, groups: [bookManager] }),
  menu('Payment Terms', 'account.payment.term', { parent: 'Invoicing/Configuration', sequence: 40, groups: [bookManager] }),
]
