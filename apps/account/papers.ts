import { Decimal, type Env, type Fact, type Json, type Letterhead, type Paper, type PaperLine, plainText, writerOf } from '@erp4/orm'

// How documents with lines, taxes and sums are put on paper: invoices here, orders in their app.

/** What every document needs that is put on paper: who sells, who buys, and the sums. */
export const paperPaths = [
  'amount_untaxed',
  'amount_total',
  'tax_totals',
  'currency_id.name',
  'currency_id.decimal_places',
  'company_id',
  'company_id.name',
  'company_id.logo',
  'company_id.partner_id.contact_address',
  'company_id.partner_id.phone',
  'company_id.partner_id.email',
  'company_id.partner_id.website',
  'company_id.partner_id.vat',
  'commercial_partner_id',
  'partner_id.name',
  'partner_id.display_name',
  'partner_id.contact_address',
  'partner_id.vat',
  'partner_shipping_id.name',
  'partner_shipping_id.display_name',
  'partner_shipping_id.contact_address',
  'fiscal_position_id.note',
] as const

/** Documents by the language they are written in, `lang` or their reader's: an environment of the system that reads in it, and their ids. */
export const byLanguage = (
  sys: Env<true>,
  documents: readonly { readonly id: number; readonly partner_id: { readonly lang: string | null } | null }[],
  lang: string | undefined,
): { readonly env: Env<true>; readonly ids: readonly number[] }[] =>
  [...Map.groupBy(documents, (one) => lang ?? one.partner_id?.lang ?? 'en_US')].map(([language, some]) => ({
    env: sys.withContext({ lang: language, active_test: false }),
    ids: some.map(({ id }) => id),
  }))

interface Company {
  readonly name: string
  readonly logo: string | null
  readonly partner_id: {
    readonly contact_address: string | null
    readonly phone: string | null
    readonly email: string | null
    readonly website: string | null
    readonly vat: string | null
  }
}

/** A logo beyond it would make each page and each file of the document heavy; it is left out. */
const mostLogoBytes = 300_000

/** The company's name, address and ways to reach it, with its logo where that can be printed. */
export async function letterheadOf(env: Env, { name, logo, partner_id: own }: Company): Promise<Letterhead> {
  const tax = own.vat === null ? null : `${env.t('Tax ID')} ${own.vat}`
  const lines = [...linesOf(own.contact_address), own.phone, own.email, own.website, tax]
  return { name, lines: lines.filter((line) => line !== null), logo: await pictureOf(env, logo) }
}

async function pictureOf({ call, cx }: Env, blob: string | null): Promise<string | null> {
  if (blob === null || !call.blobs || (await call.blobs.size(cx, blob)) > mostLogoBytes) return null
  const type = await call.blobs.type(cx, blob)
  if (type !== 'image/png' && type !== 'image/jpeg') return null
  return `data:${type};base64,${Buffer.from(await call.blobs.get(cx, blob)).toString('base64')}`
}

interface Address {
  readonly id: number
  readonly name: string | null
  readonly display_name: string | null
  readonly contact_address: string | null
}

/** The customer, and those of the other addresses that are not his own. */
export function partiesOf(
  env: Env,
  customer: (Address & { readonly vat: string | null }) | null,
  ...others: readonly (readonly [label: string, address: Address | null])[]
): Paper['parties'] {
  const tax = customer?.vat ? [`${env.t('Tax ID')} ${customer.vat}`] : []
  return [
    { label: env.t('Customer'), lines: [...addressOf(customer), ...tax] },
    ...others.flatMap(([label, address]) => (address && address.id !== customer?.id ? [{ label, lines: addressOf(address) }] : [])),
  ]
}

const addressOf = (address: Address | null): string[] => [whose(address), ...linesOf(address?.contact_address ?? null)]

/** Whose it is. What kind of address one without a name is stands above it already, in the reader's language. */
const whose = (address: Address | null): string => {
  const shown = address?.display_name ?? ''
  return address?.name ? shown : shown.replace(/, [^,]*$/, '')
}

const linesOf = (text: string | null): string[] => (text ?? '').split('\n').filter((line) => line.trim() !== '')

/** The words of a document's table, in the language of `env`. */
export const columnsOf = (env: Env): Paper['columns'] => ({
  description: env.t('Description'),
  quantity: env.t('Quantity'),
  price: env.t('Unit Price'),
  discount: env.t('Discount'),
  taxes: env.t('Taxes'),
  amount: env.t('Amount'),
  optional: env.t('Optional'),
})

interface WrittenLine {
  readonly id: number
  readonly display_type: string | null
  readonly name: string | null
  readonly quantity: Decimal
  readonly unit: string | null
  readonly price_unit: Decimal
  readonly discount: Decimal
  readonly taxes: readonly string[]
  readonly amount: Decimal | null
  readonly isOptional: boolean
}

export interface Currency {
  readonly name: string
  readonly decimal_places: number
}

/** A line as it is read: what it costs without taxes as it is kept, or a heading. */
export function paperLine(lang: string, currency: Currency, line: WrittenLine): PaperLine {
  const [name = '', ...detail] = (line.name ?? '').split('\n')
  if (line.display_type === 'line_section') return { kind: 'section', text: line.name ?? '' }
  if (line.display_type === 'line_subsection') return { kind: 'subsection', text: line.name ?? '' }
  if (line.display_type === 'line_note') return { kind: 'note', text: line.name ?? '' }
  const { money, number } = writerOf(lang)
  return {
    kind: 'item',
    id: line.id,
    name,
    detail: detail.join('\n').trim(),
    quantity: [number(line.quantity), line.unit].filter(Boolean).join(' '),
    // A price has more digits than the currency where somebody gave it more.
    price: money(line.price_unit, { ...currency, decimal_places: Math.max(currency.decimal_places, digitsOf(line.price_unit)) }),
    discount: line.discount.isZero() ? null : `${number(line.discount)} %`,
    taxes: line.taxes.join(', '),
    amount: money(line.amount, currency),
    isOptional: line.isOptional,
  }
}

const digitsOf = (value: Decimal): number => (/\.(\d*?)0*$/.exec(value.toString())?.[1] ?? '').length

interface Totalled {
  readonly amount_untaxed: Decimal | null
  readonly amount_total: Decimal | null
  readonly tax_totals: Json
  readonly currency_id: Currency
}

interface TaxTotal {
  readonly id: number
  readonly base: string
  readonly amount: string
}

const taxTotals = (totals: Json): readonly TaxTotal[] => (totals as { readonly taxes?: readonly TaxTotal[] } | null)?.taxes ?? []

/** The names of the taxes in these totals, by id, in the language of `sys`. */
export async function taxNames(sys: Env<true>, documents: readonly { readonly tax_totals: Json }[]): Promise<ReadonlyMap<number, string>> {
  const ids = new Set(documents.flatMap(({ tax_totals }) => taxTotals(tax_totals).map(({ id }) => id)))
  const found = await sys
    .withContext({ active_test: false })
    .model('account.tax')
    .browse([...ids])
    .read(['name'])
  return new Map(found.map(({ id, name }) => [id, name]))
}

/** Untaxed, each tax on its base, and all together: the figures that the document keeps. */
export function sumsOf(env: Env, document: Totalled, names: ReadonlyMap<number, string>): Paper['sums'] {
  const { money } = writerOf(env.context.lang)
  const { currency_id: currency } = document
  const taxes = taxTotals(document.tax_totals).map(({ id, base, amount }): Fact => ({
    label: env.t('{tax} on {base}', { tax: names.get(id) ?? env.t('Tax'), base: money(Decimal.of(base), currency) }),
    value: money(Decimal.of(amount), currency),
  }))
  return [
    { label: env.t('Untaxed Amount'), value: money(document.amount_untaxed, currency) },
    ...taxes,
    { label: env.t('Total'), value: money(document.amount_total, currency), strong: true },
  ]
}

/** Facts that say something. */
export const facts = (...list: readonly (readonly [label: string, value: string | null])[]): Fact[] =>
  list.flatMap(([label, value]) => (value ? [{ label, value }] : []))

/** Terms that say something, as plain text. */
export const notesOf = (...list: readonly (readonly [label: string | null, html: string | null])[]): Paper['notes'] =>
  list.flatMap(([label, html]) => {
    const text = plainText(html)
    return text === '' ? [] : [{ label, text }]
  })
