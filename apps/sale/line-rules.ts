import { demandOwnUnits } from '@erp4/product'
import { Decimal, type Env, ValidationError } from '@erp4/orm'

const hundred = Decimal.of(100)

/**
 * Refuses lines that count a product in a unit of another kind, or give more than all of the price away. Not a constraint: an order is made in
 * few statements, and of a line whose product said its unit itself nothing has to be read.
 */
export async function demandGoodLines(env: Env, lines: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
  if (lines.some((line) => isMore(line['discount'], hundred))) throw new ValidationError(env.t('A discount is at most 100 percent.'))
  await demandOwnUnits(
    env,
    lines.flatMap(({ product_id: product, product_uom_id: unit, technical_price_unit: told }) =>
      typeof product === 'number' && typeof unit === 'number' && told === undefined ? [{ product, unit }] : [],
    ),
  )
}

/** As people, programs and our own code give numbers. */
function isMore(given: unknown, most: Decimal): boolean {
  if (Decimal.isDecimal(given)) return given.isMore(most)
  return Number(given) > most.toNumber()
}
