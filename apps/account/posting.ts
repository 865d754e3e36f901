import { type CreateValues, type Day, Decimal, type Env, type Loaded, UserError, day, numberLater } from '@erp4/orm'
import { journalCounter } from './books.ts'
import { figuresOf, isCounted, roundingOf } from './figures.ts'
import { type Booked, asAmounts, balanced } from './journal-items.ts'
import { account_move, inCompany, isInvoice, nameOf, signOf } from './models/account_move.ts'
import { installmentPaths } from './models/account_payment_term.ts'
import { rateKeeper } from './preparation.ts'
import { taxPaths } from './tax-rules.ts'
import { type Installment, dueDates } from './terms.ts'

const postedPaths = [
  'display_name',
  'state',
  'move_type',
  'date',
  'invoice_date',
  'invoice_date_due',
  'tax_rounding',
  'journal_id.code',
  'journal_id.default_account_id',
  'currency_id.decimal_places',
  'company_id.currency_id.decimal_places',
  'company_id.account_receivable_id',
  'company_id.account_payable_id',
  'company_id.account_income_id',
  'company_id.account_expense_id',
  'company_id.account_tax_received_id',
  'company_id.account_tax_paid_id',
  'partner_id.display_name',
  'commercial_partner_id.property_account_receivable_id',
  'commercial_partner_id.property_account_payable_id',
  ...installmentPaths('invoice_payment_term_id'),
  'invoice_line_ids.display_type',
  'invoice_line_ids.name',
  'invoice_line_ids.account_id',
  'invoice_line_ids.quantity',
  'invoice_line_ids.price_unit',
  'invoice_line_ids.discount',
  'invoice_line_ids.price_subtotal',
  ...taxPaths('invoice_line_ids.tax_ids'),
  'invoice_line_ids.tax_ids.name',
  'invoice_line_ids.tax_ids.account_id',
  'invoice_line_ids.tax_ids.children_tax_ids.name',
  'invoice_line_ids.tax_ids.children_tax_ids.account_id',
  'invoice_line_ids.product_id.product_tmpl_id.property_account_income_id',
  'invoice_line_ids.product_id.product_tmpl_id.property_account_expense_id',
  'invoice_line_ids.product_id.product_tmpl_id.categ_id.property_account_income_categ_id',
  'invoice_line_ids.product_id.product_tmpl_id.categ_id.property_account_expense_categ_id',
  'line_ids.balance',
] as const

type Posted = Loaded<'account.move', (typeof postedPaths)[number]>
type PostedLine = Posted['invoice_line_ids'][number]

/**
 * Posts drafts: their items are worked out and balanced, and each gets the next number of its journal and year, without a gap. From then on
 * they stay as they are; `action_reverse` corrects them. Throws a UserError that says what is missing; then nothing is posted.
 */
export const action_post = account_move.action('action_post', { needs: 'write' }, async (moves) => {
  const { env } = moves
  const companies = Map.groupBy(await moves.read(['company_id']), (move) => move.company_id)
  for (const [company, some] of companies)
    await postAll(
      inCompany(env, company),
      some.map((move) => move.id),
    )
})

/** The entries of one company: what depends on the company is read as it is there. */
async function postAll(env: Env, ids: readonly number[]): Promise<void> {
  const moves = await env.model('account.move').browse(ids).read(postedPaths)
  const today = day(env.call.now().toISOString().slice(0, 10))
  const entries: Entry[] = []
  const rateOf = rateKeeper(env)
  for (const move of moves)
    entries.push(isInvoice(move.move_type) ? await bookedInvoice(env, move, { today, rateOf }) : bookedEntry(env, move))
  await env.asSystem('posting an entry fixes what nobody may change', async (sys) => {
    const lines = new Map(entries.flatMap(({ items }) => items.map((item) => [item.id, item] as const)))
    const table = sys.model('account.move.line')
    if (lines.size > 0)
      await table.browse([...lines.keys()]).write((id) => {
        const { account, partner, amount, balance } = lines.get(id)!
        return { account_id: account, partner_id: partner, amount_currency: amount, balance }
      })
    const added = entries.flatMap((entry) => entry.added)
    if (added.length > 0) await table.create(added)
    const dates = new Map(entries.map(({ move, values }) => [move.id, values]))
    await sys
      .model('account.move')
      .browse(ids)
      .write((id) => ({ ...dates.get(id)!, state: 'posted' }))
  })
  await number(env, entries)
}

/** What posting makes of an entry. */
interface Entry {
  readonly move: Posted
  readonly values: Dates
  /** Lines that become items of the ledger. */
  readonly items: readonly (Booked & { readonly id: number; readonly account: number; readonly partner: number | null })[]
  /** Items that are added: taxes, and what is due. */
  readonly added: readonly Added[]
}

type Dates = Partial<Pick<Posted, 'date' | 'invoice_date' | 'invoice_date_due'>> & { readonly invoice_currency_rate?: Decimal }

type Added = CreateValues<'account.move.line'>

function bookedEntry(env: Env, move: Posted): Entry {
  demandDraft(env, move)
  if (move.line_ids.length === 0) throw new UserError(env.t('{name} has no lines.', { name: nameOf(env, move) }))
  return { move, values: {}, items: [], added: [] }
}

async function bookedInvoice(
  env: Env,
  move: Posted,
  { today, rateOf }: { today: Day; rateOf: ReturnType<typeof rateKeeper> },
): Promise<Entry> {
  demandDraft(env, move)
  const { company_id: company, currency_id: currency } = move
  const counted = move.invoice_line_ids.filter(isCounted)
  if (counted.length === 0) throw new UserError(env.t('{name} has no lines.', { name: nameOf(env, move) }))
  if (!move.partner_id || !company?.currency_id || !currency)
    throw new UserError(env.t('{name} is to nobody: choose whom it is for.', { name: nameOf(env, move) }))
  const invoice_date = move.invoice_date ?? today
  const rate = await rateOf(currency.id, { company: company.id, own: company.currency_id.id, on: invoice_date })
  const { totals } = figuresOf(move.invoice_line_ids, roundingOf(currency.decimal_places, move.tax_rounding))
  const terms = (move.invoice_payment_term_id?.line_ids ?? []) as readonly Installment[]
  const due = dueDates(terms, { on: invoice_date, total: totals.total, digits: currency.decimal_places })
  // What a customer owes is a debit; what was sold to him, and the tax on it, are credits.
  const sign = signOf(move.move_type)
  const credit = (amount: Decimal): Decimal => (sign === 1 ? amount.negated() : amount)
  const kind = isSale(move) ? 'sale' : 'purchase'
  const lines = counted.map((line) => ({
    id: line.id,
    account: accountOf(env, move, line),
    partner: move.commercial_partner_id?.id ?? null,
    amount: credit(line.price_subtotal ?? Decimal.of(0)),
  }))
  const accounts = taxAccounts(move)
  const taxes = totals.taxes.map((tax) => ({ tax, ...accounts.get(tax.tax)!, amount: credit(tax.amount) }))
  const { items, dues } = balanced(
    [...lines, ...taxes],
    asAmounts(terms.length === 0 && move.invoice_date_due ? [{ date: move.invoice_date_due, amount: totals.total }] : due, sign),
    {
      rate,
      digits: company.currency_id.decimal_places,
    },
  )
  const shared = { move_id: move.id, partner_id: move.commercial_partner_id?.id ?? null }
  const open = openAccount(env, move, kind)
  const added: Added[] = [
    ...items.flatMap((item): Added[] =>
      'tax' in item
        ? [
            {
              ...shared,
              display_type: 'tax',
              sequence: 1000,
              name: item.name,
              account_id: item.account ?? companyTaxAccount(env, move, kind),
              tax_line_id: item.tax.tax,
              tax_base_amount: item.tax.base.dividedBy(rate).round(company.currency_id!.decimal_places),
              quantity: Decimal.of(1),
              price_unit: item.tax.amount,
              balance: item.balance,
              amount_currency: item.amount,
            },
          ]
        : [],
    ),
    ...dues.map((one): Added => ({
      ...shared,
      display_type: 'payment_term',
      sequence: 2000,
      name: move.display_name,
      account_id: open,
      date_maturity: one.date,
      quantity: Decimal.of(1),
      balance: one.balance,
      amount_currency: one.amount,
    })),
  ]
  const last = dues.at(-1)!.date
  return {
    move,
    values: { date: invoice_date, invoice_date, invoice_date_due: last, invoice_currency_rate: rate },
    items: items.flatMap((item) => ('id' in item ? [item] : [])),
    added,
  }
}

const isSale = ({ move_type }: Posted): boolean => move_type === 'out_invoice' || move_type === 'out_refund'

function demandDraft(env: Env, move: Posted): void {
  if (move.state !== 'draft') throw new UserError(env.t('{name} is no draft any more.', { name: nameOf(env, move) }))
}

/** The account of a line: its own, its product's, that of the category, the journal's, the company's. */
function accountOf(env: Env, move: Posted, line: PostedLine): number {
  const template = line.product_id?.product_tmpl_id
  const own = isSale(move)
    ? [
        template?.property_account_income_id,
        template?.categ_id?.property_account_income_categ_id,
        move.journal_id?.default_account_id,
        move.company_id?.account_income_id,
      ]
    : [
        template?.property_account_expense_id,
        template?.categ_id?.property_account_expense_categ_id,
        move.journal_id?.default_account_id,
        move.company_id?.account_expense_id,
      ]
  const account = [line.account_id, ...own].find((id) => typeof id === 'number')
  if (typeof account === 'number') return account
  throw new UserError(env.t('Say on which account {line} is booked.', { line: line.name ?? nameOf(env, move) }))
}

/** Name and account of each tax of the lines, those within groups too. */
function taxAccounts(move: Posted): Map<number, { name: string; account: number | null }> {
  const taxes = move.invoice_line_ids.flatMap((line) => line.tax_ids.flatMap((tax) => [tax, ...tax.children_tax_ids]))
  return new Map(taxes.map((tax) => [tax.id, { name: tax.name, account: tax.account_id }]))
}

function companyTaxAccount(env: Env, move: Posted, kind: 'sale' | 'purchase'): number {
  const account = kind === 'sale' ? move.company_id?.account_tax_received_id : move.company_id?.account_tax_paid_id
  if (account) return account
  throw new UserError(env.t('Say on which account taxes are booked, in the settings of the company.'))
}

/** Where it is booked until it is paid. */
function openAccount(env: Env, move: Posted, kind: 'sale' | 'purchase'): number {
  const entity = move.commercial_partner_id
  const account =
    kind === 'sale'
      ? (entity?.property_account_receivable_id ?? move.company_id?.account_receivable_id)
      : (entity?.property_account_payable_id ?? move.company_id?.account_payable_id)
  if (account) return account
  throw new UserError(
    env.t('Say on which account it is booked what {partner} owes, in the settings of the company.', {
      partner: move.partner_id?.display_name ?? '',
    }),
  )
}

async function number(env: Env, entries: readonly Entry[]): Promise<void> {
  const books = Map.groupBy(entries, ({ move, values }) => `${move.journal_id?.id} ${(values.date ?? move.date).slice(0, 4)}`)
  for (const some of books.values()) {
    const { move, values } = some[0]!
    const journal = move.journal_id!
    const counter = await journalCounter(env, {
      journal: journal.id,
      code: journal.code,
      company: move.company_id!.id,
      on: values.date ?? move.date,
    })
    await numberLater(env.model('account.move').browse(some.map((entry) => entry.move.id)), 'name', counter)
  }
}
