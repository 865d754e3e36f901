import { createHash } from 'node:crypto'
import { type Env, type Loaded, type Paper, type PaperKind, type SharedPaper, writerOf } from '@erp4/orm'
import { byLanguage, columnsOf, facts, letterheadOf, notesOf, paperLine, paperPaths, partiesOf, sumsOf, taxNames } from './papers.ts'
import { invoiceLetters } from './sending.ts'

const paths = [
  ...paperPaths,
  'name',
  'move_type',
  'state',
  'ref',
  'invoice_origin',
  'invoice_date',
  'invoice_date_due',
  'payment_reference',
  'narration',
  'invoice_payment_term_id.name',
  'invoice_payment_term_id.note',
  'invoice_user_id',
  'invoice_line_ids.display_type',
  'invoice_line_ids.name',
  'invoice_line_ids.quantity',
  'invoice_line_ids.product_uom_id.name',
  'invoice_line_ids.price_unit',
  'invoice_line_ids.discount',
  'invoice_line_ids.tax_ids.name',
  'invoice_line_ids.price_subtotal',
] as const

type Invoice = Loaded<'account.move', (typeof paths)[number], true>

/** Invoices and credit notes to customers, as they are printed and shown in the portal. Nothing is asked of their readers there. */
export const invoicePaper: PaperKind = {
  model: 'account.move',
  path: 'invoices',
  label: ['Invoice', 'Invoices'],
  read: readInvoices,
  list: listInvoices,
  letters: invoiceLetters,
}

async function readInvoices(sys: Env<true>, ids: readonly number[], lang?: string): Promise<ReadonlyMap<number, SharedPaper>> {
  const known = await sys.model('account.move').find(
    [
      ['id', 'in', ids],
      ['move_type', 'in', ['out_invoice', 'out_refund']],
    ],
    ['partner_id.lang'],
  )
  const papers = new Map<number, SharedPaper>()
  for (const { env, ids: some } of byLanguage(sys, known, lang)) {
    const moves = await env.model('account.move').browse(some).read(paths)
    const names = await taxNames(env, moves)
    for (const move of moves) papers.set(move.id, await shared(env, move, names))
  }
  return papers
}

async function shared(env: Env<true>, move: Invoice, names: ReadonlyMap<number, string>): Promise<SharedPaper> {
  const paper = await paperOf(env, move, names)
  return {
    paper,
    hash: createHash('sha256')
      .update(JSON.stringify({ ...paper, seller: { ...paper.seller, logo: null } }))
      .digest('hex'),
    state: move.state === 'posted' ? 'final' : 'withdrawn',
    company: move.company_id.id,
    entity: move.commercial_partner_id ?? 0,
    partner: move.partner_id?.id ?? 0,
    keeper: move.invoice_user_id,
    optional: [],
    isSigned: false,
  }
}

async function paperOf(env: Env<true>, move: Invoice, names: ReadonlyMap<number, string>): Promise<Paper> {
  const { lang } = env.context
  const { day } = writerOf(lang)
  const kind = move.move_type === 'out_refund' ? env.t('Credit Note') : env.t('Invoice')
  const number = move.name ?? env.t('Draft')
  return {
    lang,
    title: `${kind} ${number}`,
    number,
    seller: await letterheadOf(env, move.company_id),
    parties: partiesOf(env, move.partner_id, [env.t('Delivery Address'), move.partner_shipping_id]),
    facts: facts(
      [env.t('Invoice Date'), day(move.invoice_date)],
      [env.t('Due Date'), day(move.invoice_date_due)],
      [env.t('Customer Reference'), move.ref],
      [env.t('Origin'), move.invoice_origin],
      [env.t('Payment Reference'), move.payment_reference],
      [env.t('Payment Terms'), move.invoice_payment_term_id?.name ?? null],
    ),
    columns: columnsOf(env),
    lines: move.invoice_line_ids.map((line) =>
      paperLine(lang, move.currency_id, {
        ...line,
        unit: line.product_uom_id?.name ?? null,
        taxes: line.tax_ids.map((tax) => tax.name),
        amount: line.price_subtotal,
        isOptional: false,
      }),
    ),
    sums: sumsOf(env, move, names),
    notes: notesOf(
      [null, move.narration],
      [null, move.invoice_payment_term_id?.note ?? null],
      [null, move.fiscal_position_id?.note ?? null],
    ),
  }
}

async function listInvoices(env: Env, limit: number) {
  const moves = await env.model('account.move').find(
    [
      ['state', '=', 'posted'],
      ['move_type', 'in', ['out_invoice', 'out_refund']],
    ],
    ['name', 'invoice_date', 'amount_total', 'currency_id.name', 'currency_id.decimal_places', 'payment_state'],
    { order: 'invoice_date desc, id desc', limit },
  )
  const { day, money } = writerOf(env.context.lang)
  return moves.map((move) => ({
    id: move.id,
    name: move.name ?? '',
    date: day(move.invoice_date),
    amount: move.currency_id ? money(move.amount_total, move.currency_id) : '',
    status: env.t(paymentStates[move.payment_state ?? 'not_paid']),
  }))
}

const paymentStates = {
  not_paid: 'Not Paid',
  in_payment: 'In Payment',
  paid: 'Paid',
  partial: 'Partially Paid',
  reversed: 'Reversed',
  blocked: 'Blocked',
} as const
