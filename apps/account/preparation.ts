import { type Rates, ratesOf } from '@erp4/base'
import { type Day, Decimal, type Env, type Loaded, day, moment } from '@erp4/orm'
import { journalKind } from './defaults.ts'
import { type DocumentTerms, completeLines, describeProducts, lacksProduct } from './document-lines.ts'
import { type Given, completed, createdLines, idOrNull, idsOf, mapCreated } from './given.ts'
import { type TaxMapping, mappingPaths, positionPaths } from './models/account_fiscal_position.ts'
import type { MoveType } from './models/account_move.ts'

// What is given to create an entry, completed: by code, import and RPC alike, before rights and required fields are looked at.

interface Order {
  readonly given: Given
  readonly type: MoveType
  readonly company: number
  readonly on: Day
}

/** Journal, currency and rate, rounding, what the customer agreed to, and lines as their products say. */
export async function prepareMoves(env: Env, list: readonly Given[]): Promise<readonly Given[]> {
  const orders = list.map((given): Order => ({ given, type: typeOf(env, given), company: companyOf(env, given), on: dayOf(env, given) }))
  const journals = await journalsFor(
    env,
    orders.filter(({ given }) => !given['journal_id']),
  )
  const companies = await companiesOf(env, orders)
  const customers = await customersOf(env, orders)
  const rateOf = rateKeeper(env)
  const complete = new Map<Given, Omit<OfMove, 'mapping'> | null>()
  for (const { given, type, company, on } of orders) {
    const journal = journals.find((one) => one.company_id?.id === company && one.type === journalKind(type))
    const books = companies.get(company)
    const customer = type === 'entry' ? undefined : customers.get(given['partner_id'] as number)
    const currency = idOrNull(given['currency_id']) ?? journal?.currency_id ?? books?.currency_id ?? null
    const agreed = customer && {
      invoice_payment_term_id: customer.property_payment_term_id,
      fiscal_position_id: customer.property_account_position_id,
    }
    const rate = books && currency !== null ? await rateOf(currency, { company, own: books.currency_id, on }) : undefined
    const values = completed(
      given,
      { ...agreed, ...(rate ? { invoice_currency_rate: rate } : {}) },
      { journal_id: journal?.id, currency_id: currency ?? undefined, tax_rounding: books?.tax_calculation_rounding_method },
    )
    const lang = customer?.lang ?? null
    complete.set(values, books && currency !== null ? { type, company, on, currency, companyCurrency: books.currency_id, lang } : null)
  }
  const mappings = await mappingsOf(
    env,
    [...complete.keys()].map((values) => (hasProducts(values) ? values['fiscal_position_id'] : null)),
  )
  return withLines(
    env,
    new Map(
      [...complete].map(([values, terms]) => [
        values,
        terms && termsOf(env, { ...terms, mapping: mappings.get(values['fiscal_position_id'] as number) ?? [] }),
      ]),
    ),
  )
}

/** Whether its lines are still to say what their products say. */
const hasProducts = (given: Given): boolean => lists.some((name) => createdLines(given[name]).some(lacksProduct))

const typeOf = (env: Env, given: Given): MoveType => (given['move_type'] || env.context['default_move_type'] || 'entry') as MoveType
const companyOf = (env: Env, given: Given): number =>
  idOrNull(given['company_id']) ?? idOrNull(env.context['default_company_id']) ?? env.me.company_id

function dayOf(env: Env, given: Given): Day {
  const text = String(given['invoice_date'] || given['date'] || '').slice(0, 10)
  return day(/^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) ? text : env.call.now().toISOString().slice(0, 10))
}

async function journalsFor(env: Env, orders: readonly Order[]) {
  if (orders.length === 0) return []
  return env.model('account.journal').find(
    [
      ['company_id', 'in', idsOf(orders.map(({ company }) => company))],
      ['type', 'in', [...new Set(orders.map(({ type }) => journalKind(type)))]],
    ],
    ['type', 'company_id.currency_id', 'currency_id'],
    { order: 'sequence, id' },
  )
}

async function companiesOf(env: Env, orders: readonly Order[]) {
  const found = await env
    .model('res.company')
    .browse(idsOf(orders.map(({ company }) => company)))
    .read(['currency_id', 'tax_calculation_rounding_method'])
  return new Map(found.map((one) => [one.id, one]))
}

const customerPaths = ['lang', 'property_payment_term_id', 'property_account_position_id'] as const

type Customer = Loaded<'res.partner', (typeof customerPaths)[number]>

async function customersOf(env: Env, orders: readonly Order[]): Promise<Map<number, Customer>> {
  const wanted = idsOf(orders.filter(({ type }) => type !== 'entry').map(({ given }) => given['partner_id']))
  if (wanted.length === 0) return new Map()
  return new Map((await env.model('res.partner').browse(wanted).read(customerPaths)).map((one) => [one.id, one]))
}

/**
 * Units of a currency for one of the company's, on a day: asked once for each, however many documents there are, and not at all where they
 * are one.
 */
export function rateKeeper(env: Env): (currency: number, of: { company: number; own: number; on: Day }) => Promise<Decimal> {
  const known = new Map<string, Promise<Decimal>>()
  return (currency, { company, own, on }) => {
    if (currency === own) return Promise.resolve(one)
    const key = `${currency} ${company} ${on}`
    const found = known.get(key) ?? ratesOf(env, [currency, own], { company, on }).then((rates) => rateIn(rates, currency, own))
    known.set(key, found)
    return found
  }
}

const one = Decimal.of(1)

const rateIn = (rates: Rates, currency: number, own: number): Decimal =>
  (rates.get(currency) ?? one).dividedBy(rates.get(own) ?? one).round(12)

/** What fiscal positions put in the place of which tax. */
export async function mappingsOf(env: Env, positions: readonly unknown[]): Promise<Map<number, readonly TaxMapping[]>> {
  const ids = idsOf(positions)
  if (ids.length === 0) return new Map()
  return new Map((await env.model('account.fiscal.position').browse(ids).read(positionPaths)).map((found) => [found.id, found.tax_ids]))
}

interface OfMove {
  readonly type: MoveType
  readonly company: number
  readonly companyCurrency: number
  readonly currency: number
  readonly on: Day
  readonly lang: string | null
  readonly mapping: readonly TaxMapping[]
}

const termsOf = (env: Env, { type, on, lang, ...rest }: OfMove): DocumentTerms => ({
  ...rest,
  pricelist: null,
  use: journalKind(type) === 'purchase' ? 'purchase' : 'sale',
  lang: lang ?? env.context.lang,
  at: moment(new Date(`${on}T12:00:00Z`)),
})

/** The lines that come with entries, completed together. */
async function withLines(env: Env, moves: ReadonlyMap<Given, DocumentTerms | null>): Promise<readonly Given[]> {
  const lines = new Map<Given, DocumentTerms>()
  for (const [given, terms] of moves) {
    if (terms === null) continue
    for (const name of lists) for (const line of createdLines(given[name])) if (lacksProduct(line)) lines.set(line, terms)
  }
  if (lines.size === 0) return [...moves.keys()]
  const described = await completeLines(env, lines, 'quantity')
  return [...moves.keys()].map((given) => ({
    ...given,
    ...Object.fromEntries(
      lists.filter((name) => given[name]).map((name) => [name, mapCreated(given[name], (line) => described.get(line) ?? line)]),
    ),
  }))
}

const lists = ['invoice_line_ids', 'line_ids'] as const

const movePaths = [
  'move_type',
  'date',
  'invoice_date',
  'currency_id',
  'company_id.currency_id',
  'partner_id.lang',
  ...mappingPaths('fiscal_position_id'),
] as const

/** Lines that are made by themselves, for an entry that is there. */
export async function prepareMoveLines(env: Env, list: readonly Given[]): Promise<readonly Given[]> {
  const lacking = list.filter((line) => lacksProduct(line) && idOrNull(line['move_id']) !== null)
  if (lacking.length === 0) return list
  const found = await env
    .model('account.move')
    .browse(idsOf(lacking.map((line) => line['move_id'])))
    .read(movePaths)
  const moves = new Map(found.map((move) => [move.id, move]))
  const lines = new Map<Given, DocumentTerms>()
  for (const line of lacking) {
    const terms = termsOfMove(env, moves.get(line['move_id'] as number))
    if (terms) lines.set(line, terms)
  }
  const described = await completeLines(env, lines, 'quantity')
  return list.map((line) => described.get(line) ?? line)
}

function termsOfMove(env: Env, move: Loaded<'account.move', (typeof movePaths)[number]> | null | undefined): DocumentTerms | null {
  if (!move?.company_id) return null
  return termsOf(env, {
    type: move.move_type,
    company: move.company_id.id,
    companyCurrency: move.company_id.currency_id,
    currency: move.currency_id,
    on: move.invoice_date ?? move.date,
    lang: move.partner_id?.lang ?? null,
    mapping: move.fiscal_position_id?.tax_ids ?? [],
  })
}

export const formPaths = ['product_id', 'quantity', 'product_uom_id', ...movePaths.map((path) => `move_id.${path}` as const)] as const

/** What a form fills in when somebody chooses a product on a line of an entry. */
export async function lineOfProduct(env: Env, line: Loaded<'account.move.line', (typeof formPaths)[number]>) {
  const terms = termsOfMove(env, line.move_id)
  if (line.product_id === null || terms === null) return {}
  const [answer] = await describeProducts(env, [{ ...terms, product: line.product_id, quantity: line.quantity, unit: null }])
  return answer ?? {}
}
