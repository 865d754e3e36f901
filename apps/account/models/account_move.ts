import { thread } from '@erp4/mail'
import {
  Decimal,
  type Env,
  type FieldsOf,
  type ModelFields,
  boolean,
  char,
  date,
  day,
  decimal,
  html,
  integer,
  json,
  many2one,
  model,
  monetary,
  one2many,
  selection,
} from '@erp4/orm'
import { companyCurrency, companyRounding, usualJournal } from '../defaults.ts'
import { type TaxRounding, figuresOf, roundingOf, taxRoundings, totalsAsJson } from '../figures.ts'
import { prepareMoves } from '../preparation.ts'
import { taxPaths } from '../tax-rules.ts'

export const moveTypes = {
  entry: 'Journal Entry',
  out_invoice: 'Customer Invoice',
  out_refund: 'Customer Credit Note',
  in_invoice: 'Vendor Bill',
  in_refund: 'Vendor Credit Note',
} as const

export type MoveType = keyof typeof moveTypes

/** An invoice, a credit note or another entry of the books: changed freely as a draft, not at all once it is posted. */
export const account_move = model('account.move', {
  label: 'Journal Entry',
  custom: 'fields',
  order: 'date desc, name desc, id desc',
  unique: [{ fields: ['name', 'journal_id'], message: 'Another entry of the journal has this number already.' }],
  fields: {
    display_name: char({ compute: 'stored', translate: true, index: 'trigram' }),
    name: char({ label: 'Number', copy: false, help: 'Given when it is posted, without a gap.' }),
    ref: char({ label: 'Reference', copy: false, help: 'How the other side calls it.' }),
    move_type: selection(moveTypes, { label: 'Type', required: true, default: 'entry' }),
    state: selection(
      { draft: 'Draft', posted: 'Posted', cancel: 'Cancelled' },
      { label: 'Status', required: true, default: 'draft', copy: false, index: true },
    ),
    payment_state: selection(
      { not_paid: 'Not Paid', in_payment: 'In Payment', paid: 'Paid', partial: 'Partially Paid', reversed: 'Reversed', blocked: 'Blocked' },
      { label: 'Payment Status', default: 'not_paid', copy: false },
    ),
    is_move_sent: boolean({ label: 'Sent', copy: false, help: 'It went to the customer by email.' }),
    partner_id: many2one('res.partner', { label: 'Customer', ondelete: 'restrict', index: true, sameCompany: true }),
    commercial_partner_id: many2one('res.partner', { compute: 'stored', label: 'Commercial Entity', index: true }),
    partner_shipping_id: many2one('res.partner', { label: 'Delivery Address', ondelete: 'restrict', sameCompany: true }),
    journal_id: many2one('account.journal', {
      required: true,
      default: usualJournal,
      ondelete: 'restrict',
      sameCompany: true,
      index: true,
    }),
    date: date({ required: true, copy: false, default: (env) => day(env.call.now().toISOString().slice(0, 10)) }),
    invoice_date: date({ label: 'Invoice Date', copy: false }),
    invoice_date_due: date({ label: 'Due Date', copy: false }),
    invoice_payment_term_id: many2one('account.payment.term', { label: 'Payment Terms', ondelete: 'restrict' }),
    invoice_origin: char({ label: 'Origin' }),
    payment_reference: char({ label: 'Payment Reference', copy: false }),
    currency_id: many2one('res.currency', { required: true, ondelete: 'restrict', default: companyCurrency }),
    invoice_currency_rate: decimal({
      digits: 12,
      required: true,
      default: Decimal.of(1),
      copy: false,
      label: 'Currency Rate',
      help: 'Units of its currency for one of the company; of the day of the invoice.',
    }),
    company_id: many2one('res.company', { required: true, ondelete: 'restrict', index: true, default: (env) => env.me.company_id }),
    company_currency_id: many2one('res.currency', { related: 'company_id.currency_id', label: 'Company Currency' }),
    invoice_line_ids: one2many('account.move.line', 'move_id', {
      label: 'Invoice Lines',
      copy: true,
      domain: [['display_type', 'in', ['product', 'line_section', 'line_subsection', 'line_note']]],
    }),
    line_ids: one2many('account.move.line', 'move_id', { label: 'Journal Items' }),
    fiscal_position_id: many2one('account.fiscal.position', { label: 'Fiscal Position', ondelete: 'restrict', sameCompany: true }),
    invoice_user_id: many2one('res.users', { label: 'Salesperson', copy: false, index: true, default: (env) => env.user.id }),
    narration: html({ label: 'Terms and Conditions' }),
    reversed_entry_id: many2one('account.move', { label: 'Reversal of', copy: false, ondelete: 'restrict', index: true }),
    reversal_move_ids: one2many('account.move', 'reversed_entry_id', { label: 'Credit Notes' }),
    tax_rounding: selection(taxRoundings, { label: 'Tax Rounding', required: true, default: companyRounding }),

    amount_untaxed: monetary({ compute: 'stored', label: 'Untaxed Amount' }),
    amount_tax: monetary({ compute: 'stored', label: 'Tax' }),
    amount_total: monetary({ compute: 'stored', label: 'Total' }),
    amount_total_signed: monetary({ compute: 'stored', currency: 'company_currency_id', label: 'Total in Company Currency' }),
    amount_residual: monetary({ compute: 'stored', label: 'Amount Due' }),
    amount_residual_signed: monetary({ compute: 'stored', currency: 'company_currency_id', label: 'Amount Due in Company Currency' }),
    tax_totals: json({ compute: 'stored', label: 'Tax Totals' }),
    line_corrections: json({ compute: 'stored', label: 'Rounding of the Lines' }),
    line_count: integer({ compute: 'live', label: 'Number of Lines' }),
  },
})

/** What is said about it, who follows it, and what is to do. */
export const account_move_thread = thread('account.move')

declare module '@erp4/orm/models' {
  interface Models {
    'account.move': AccountMove
  }
  interface AccountMove extends ModelFields<typeof account_move>, FieldsOf<typeof account_move_thread> {}
}

const zero = Decimal.of(0)

/** A credit note takes back; what we buy is the other way round. In the company's ledger an invoice to a customer is positive. */
export const signOf = (type: MoveType): 1 | -1 => (type === 'out_refund' || type === 'in_invoice' ? -1 : 1)

export const isInvoice = (type: MoveType): boolean => type !== 'entry'

account_move.prepare((env, list) => prepareMoves(env, list))

account_move.compute(
  'display_name',
  ['name', 'move_type', 'ref'],
  (move, t) => move.name ?? (move.ref ? `${t(moveTypes[move.move_type])} (${move.ref})` : t(moveTypes[move.move_type])),
)
account_move.compute(
  'commercial_partner_id',
  ['partner_id.commercial_partner_id'],
  (move) => move.partner_id?.commercial_partner_id ?? move.partner_id?.id ?? null,
)
account_move.compute('line_count', ['invoice_line_ids'], (move) => move.invoice_line_ids.length)

const figured = [
  'currency_id.decimal_places',
  'tax_rounding',
  'invoice_line_ids.display_type',
  'invoice_line_ids.quantity',
  'invoice_line_ids.price_unit',
  'invoice_line_ids.discount',
  ...taxPaths('invoice_line_ids.tax_ids'),
] as const

interface Figured {
  readonly currency_id: { readonly decimal_places: number }
  readonly tax_rounding: TaxRounding
  readonly invoice_line_ids: Parameters<typeof figuresOf>[0]
}

const figures = (move: Figured) => figuresOf(move.invoice_line_ids, roundingOf(move.currency_id.decimal_places, move.tax_rounding))

account_move.compute('line_corrections', figured, (move) => figures(move).corrections)
account_move.compute('tax_totals', figured, (move) => totalsAsJson(figures(move).totals))
account_move.compute('amount_untaxed', figured, (move) => figures(move).totals.untaxed)
account_move.compute('amount_tax', figured, (move) => figures(move).totals.tax)
account_move.compute('amount_total', figured, (move) => figures(move).totals.total)

const signed = [...figured, 'move_type', 'state', 'invoice_currency_rate', 'company_id.currency_id.decimal_places'] as const

interface Signed extends Figured {
  readonly move_type: MoveType
  readonly state: 'draft' | 'posted' | 'cancel'
  readonly invoice_currency_rate: Decimal
  readonly company_id: { readonly currency_id: { readonly decimal_places: number } }
}

function inCompanyCurrency(move: Signed, amount: Decimal): Decimal {
  const exact = amount.dividedBy(move.invoice_currency_rate).round(move.company_id.currency_id.decimal_places)
  return signOf(move.move_type) === 1 ? exact : exact.negated()
}

/** What is still to be paid: of a posted invoice all of it, as long as there are no payments in the books. */
const residual = (move: Signed): Decimal => (move.state === 'posted' && isInvoice(move.move_type) ? figures(move).totals.total : zero)

account_move.compute('amount_total_signed', signed, (move) => inCompanyCurrency(move, figures(move).totals.total))
account_move.compute('amount_residual', signed, (move) => residual(move))
account_move.compute('amount_residual_signed', signed, (move) => inCompanyCurrency(move, residual(move)))

account_move.constrain(['state', 'move_type', 'line_ids.balance', 'line_ids.display_type', 'line_ids.account_id', 'partner_id'], (move) => {
  if (move.state !== 'posted') return true
  const items = move.line_ids.filter(isItem)
  if (items.some((line) => line.account_id === null)) return 'Each item of a posted entry has an account.'
  if (isInvoice(move.move_type) && move.partner_id === null) return 'An invoice is to somebody.'
  return Decimal.sum(items.map((line) => line.balance)).isZero() || 'The items of a posted entry sum up to nothing.'
})

account_move.constrain(['journal_id.type', 'move_type', 'invoice_currency_rate'], (move) => {
  if (!move.invoice_currency_rate.isMore(zero)) return 'A currency rate is more than zero.'
  const wanted = journalTypes[move.move_type]
  return (
    wanted === null ||
    move.journal_id.type === wanted ||
    'Invoices to customers belong into a sales journal, vendor bills into a purchase journal.'
  )
})

/** The kind of journal an entry belongs into; null: any. */
export const journalTypes: Readonly<Record<MoveType, 'sale' | 'purchase' | null>> = {
  entry: null,
  out_invoice: 'sale',
  out_refund: 'sale',
  in_invoice: 'purchase',
  in_refund: 'purchase',
}

/** Sections and notes are for people; everything else is an item of the ledger. */
export const isItem = ({ display_type }: { readonly display_type: string | null }): boolean =>
  display_type !== 'line_section' && display_type !== 'line_subsection' && display_type !== 'line_note'

account_move.onchange(
  'partner_id',
  ['partner_id.property_payment_term_id', 'partner_id.property_account_position_id', 'move_type'],
  (move) =>
    move.partner_id && isInvoice(move.move_type)
      ? {
          invoice_payment_term_id: move.partner_id.property_payment_term_id,
          fiscal_position_id: move.partner_id.property_account_position_id,
        }
      : {},
)

/** The same call for code of other apps: records of the right company see what depends on the company. */
export const inCompany = (env: Env, company: number): Env =>
  env.withContext({ allowed_company_ids: [company, ...env.context.allowed_company_ids.filter((id) => id !== company)] })

/** What an entry is called in a message: its number, or what it is. */
export const nameOf = (
  env: Env,
  { display_name, move_type }: { readonly display_name: string | null; readonly move_type: MoveType },
): string => display_name ?? env.t(moveTypes[move_type])
