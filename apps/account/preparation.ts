import { ratesOf } from '@erp4/base'
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
  const complete = new Map<Given, { order: Order; terms: DocumentTerms | null }>()
  for (const order of orders) {
    const { given, type, company, on } = order
    const journal = journals.find((one) => one.company_id?.id === company && one.type === journalKind(type))
    const books = companies.get(company)
    const customer = type === 'entry' ? undefined : customers.get(given['partner_id'] as number)
    const currency = idOrNull(given['currency_id']) ?? journal?.currency_id ?? books?.currency_id ?? null
    const agreed = customer && {
      invoice_payment_term_id: customer.property_payment_term_id,
      fiscal_position_id: customer.property_account_position_id?.id ?? null,
    }
    const rate =
      books && currency !== null && currency !== books.currency_id
        ? await rateOf(env, currency, { company, own: books.currency_id, on })
        : undefined
    const values = completed(
      given,
      { ...agreed, ...(rate ? { invoice_currency_rate: rate } : {}) },
      { journal_id: journal?.id, currency_id: currency ?? undefined, tax_rounding: books?.tax_calculation_rounding_method },
    )
    const terms =
      books && currency !== null
        ? termsOf(env, {
            type,
            company,
            on,
            currency,
            companyCurrency: books.currency_id,
            lang: customer?.lang ?? null,
            mapping: await mappingFor(env, values, customer),
          })
        : null
    complete.set(values, { order, terms })
  }
  return withLines(env, complete)
}

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

const customerPaths = ['lang', 'property_payment_term_id', ...mappingPaths('property_account_position_id')] as const

type Customer = Loaded<'res.partner', (typeof customerPaths)[number]>

async function customersOf(env: Env, orders: readonly Order[]): Promise<Map<number, Customer>> {
  const wanted = idsOf(orders.filter(({ type }) => type !== 'entry').map(({ given }) => given['partner_id']))
  if (wanted.length === 0) return new Map()
  return new Map((await env.model('res.partner').browse(wanted).read(customerPaths)).map((one) => [one.id, one]))
}

/** Units of a currency for one of the company's, on a day. */
export async function rateOf(
  env: Env,
  currency: number,
  { company, own, on }: { company: number; own: number; on: Day },
): Promise<Decimal> {
  const rates = await ratesOf(env, [currency, own], { company, on })
  return (rates.get(currency) ?? Decimal.of(1)).dividedBy(rates.get(own) ?? Decimal.of(1)).round(12)
}

/** The mapping of the customer's fiscal position, or of another one that was given. */
async function mappingFor(env: Env, values: Given, customer: Customer | undefined): Promise<readonly TaxMapping[]> {
  const position = idOrNull(values['fiscal_position_id'])
  if (position === null) return []
  const usual = customer?.property_account_position_id
  if (usual?.id === position) return usual.tax_ids
  const [other] = await env.model('account.fiscal.position').browse([position]).read(positionPaths)
  return other?.tax_ids ?? []
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
async function withLines(env: Env, moves: ReadonlyMap<Given, { terms: DocumentTerms | null }>): Promise<readonly Given[]> {
  const lines = new Map<Given, DocumentTerms>()
  for (const [given, { terms }] of moves) {
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
