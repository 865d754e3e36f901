import { type Day, Decimal, type Env } from '@erp4/orm'

/** What one unit of a company's currency buys, by currency. A currency without a rate is worth as much. */
export type Rates = ReadonlyMap<number, Decimal>

/**
 * The rates that hold for a company on a day: of each currency the newest until then, its own before those for all companies. One currency
 * alone needs no rates and no statement.
 */
export async function ratesOf(env: Env, currencies: Iterable<number>, { company, on }: { company: number; on: Day }): Promise<Rates> {
  const wanted = [...new Set(currencies)]
  if (wanted.length < 2) return new Map()
  return new Map(
    await env.asSystem('exchange rates of a company hold for its documents, whoever writes them', async (sys) => {
      const rates = sys.model('res.currency.rate')
      const newest = await rates.group(
        [
          ['currency_id', 'in', wanted],
          ['company_id', 'in', [company, null]],
          ['name', '<=', on],
        ],
        ['currency_id', 'company_id'],
        ['name:max'],
      )
      const days = [...new Set(newest.map((row) => row['name:max'] as Day))]
      const found = await rates.find(
        [
          ['currency_id', 'in', wanted],
          ['company_id', 'in', [company, null]],
          ['name', 'in', days],
        ],
        ['name', 'rate', 'currency_id', 'company_id'],
        { order: 'name, company_id desc, id' },
      )
      const best = new Map<number, (typeof found)[number]>()
      for (const rate of found) {
        const known = best.get(rate.currency_id)
        if (rate.name <= on && (!known || isBetter(rate, known))) best.set(rate.currency_id, rate)
      }
      return [...best].map(([currency, { rate }]) => [currency, rate] as const)
    }),
  )
}

/** The later one; on one day a company's own. */
function isBetter(one: Dated, other: Dated): boolean {
  return one.name === other.name ? one.company_id !== null : one.name > other.name
}

interface Dated {
  readonly name: Day
  readonly company_id: number | null
}

const one = Decimal.of(1)

/** An amount of one currency in another, to 20 digits: whoever keeps it rounds it at the digits of the currency. */
export function exchange(amount: Decimal, from: number, to: number, rates: Rates): Decimal {
  if (from === to) return amount
  return amount.times(rates.get(to) ?? one).dividedBy(rates.get(from) ?? one)
}
