import { type Env, ValidationError } from '@erp4/orm'

/** What tells whether a document's line counts its product in a unit of the product's own kind. */
export const unitPaths = ['product_uom_id.category_id', 'product_id.product_tmpl_id.uom_id.category_id'] as const

/** What whoever tried is told. */
export const otherKind = 'This unit measures something else than the product is counted in. Choose one of the same category.'

interface UnitOfLine {
  readonly product_uom_id: { readonly category_id: number | null } | null
  readonly product_id: { readonly product_tmpl_id: { readonly uom_id: { readonly category_id: number | null } } } | null
}

/** A constraint of lines: no lamp is sold by the kilogram. */
export const isOwnUnit = ({ product_uom_id: unit, product_id: product }: UnitOfLine): true | string =>
  unit === null || product === null || unit.category_id === product.product_tmpl_id.uom_id.category_id || otherKind

/** The same of products and units that are about to stand on lines. Throws a ValidationError; ids that are not there are left alone. */
export async function demandOwnUnits(env: Env, pairs: readonly { readonly product: number; readonly unit: number }[]): Promise<void> {
  if (pairs.length === 0) return
  const fits = await env.asSystem('whether a unit fits its product hangs on no right', async (sys) => {
    const products = await sys
      .model('product.product')
      .browse([...new Set(pairs.map(({ product }) => product))])
      .read(['product_tmpl_id.uom_id.category_id'])
    const units = await sys
      .model('uom.uom')
      .browse([...new Set(pairs.map(({ unit }) => unit))])
      .read(['category_id'])
    const kindOf = new Map(units.map(({ id, category_id }) => [id, category_id]))
    const wanted = new Map(products.map(({ id, product_tmpl_id }) => [id, product_tmpl_id.uom_id.category_id]))
    return pairs.every(({ product, unit }) => !wanted.has(product) || !kindOf.has(unit) || wanted.get(product) === kindOf.get(unit))
  })
  if (!fits) throw new ValidationError(env.t(otherKind))
}
