import { letAdministratorIn, loadNamed } from '@erp4/base'
import { Decimal, type Env } from '@erp4/orm'

/** By the external ids that integrations know: `uom.product_uom_unit`. */
const uom = { module: 'uom' } as const

const categories = [
  { key: 'product_uom_categ_unit', name: 'Unit', korean: '단위' },
  { key: 'product_uom_categ_kgm', name: 'Weight', korean: '무게' },
  { key: 'uom_categ_wtime', name: 'Working Time', korean: '근무 시간' },
  { key: 'uom_categ_length', name: 'Length / Distance', korean: '길이 / 거리' },
  { key: 'uom_categ_surface', name: 'Surface', korean: '면적' },
  { key: 'product_uom_categ_vol', name: 'Volume', korean: '부피' },
]

type Unit = readonly [
  key: string,
  category: string,
  name: string,
  korean: string,
  factor: string,
  reference: string | null,
  rounding?: string,
]

/** After each reference what is measured by it. International pound, inch, US gallon: all exact by definition. */
const units: readonly Unit[] = [
  ['product_uom_unit', 'product_uom_categ_unit', 'Units', '개', '1', null],
  ['product_uom_dozen', 'product_uom_categ_unit', 'Dozens', '다스', '12', 'product_uom_unit'],
  ['product_uom_pack_6', 'product_uom_categ_unit', 'Pack of 6', '6개입', '6', 'product_uom_unit'],
  ['product_uom_gram', 'product_uom_categ_kgm', 'g', 'g', '1', null],
  ['product_uom_kgm', 'product_uom_categ_kgm', 'kg', 'kg', '1000', 'product_uom_gram', '0.001'],
  ['product_uom_ton', 'product_uom_categ_kgm', 't', 't', '1000', 'product_uom_kgm', '0.000001'],
  ['product_uom_lb', 'product_uom_categ_kgm', 'lb', 'lb', '453.59237', 'product_uom_gram'],
  ['product_uom_oz', 'product_uom_categ_kgm', 'oz', 'oz', '0.0625', 'product_uom_lb'],
  ['product_uom_minute', 'uom_categ_wtime', 'Minutes', '분', '1', null],
  ['product_uom_hour', 'uom_categ_wtime', 'Hours', '시간', '60', 'product_uom_minute'],
  ['product_uom_day', 'uom_categ_wtime', 'Days', '일', '8', 'product_uom_hour'],
  ['product_uom_millimeter', 'uom_categ_length', 'mm', 'mm', '1', null],
  ['product_uom_cm', 'uom_categ_length', 'cm', 'cm', '10', 'product_uom_millimeter'],
  ['product_uom_meter', 'uom_categ_length', 'm', 'm', '1000', 'product_uom_millimeter', '0.001'],
  ['product_uom_km', 'uom_categ_length', 'km', 'km', '1000', 'product_uom_meter', '0.000001'],
  ['product_uom_inch', 'uom_categ_length', 'in', 'in', '25.4', 'product_uom_millimeter'],
  ['product_uom_foot', 'uom_categ_length', 'ft', 'ft', '12', 'product_uom_inch'],
  ['product_uom_yard', 'uom_categ_length', 'yd', 'yd', '3', 'product_uom_foot'],
  ['product_uom_mile', 'uom_categ_length', 'mi', 'mi', '1760', 'product_uom_yard', '0.000001'],
  ['uom_square_meter', 'uom_categ_surface', 'm²', 'm²', '1', null],
  ['uom_square_foot', 'uom_categ_surface', 'ft²', 'ft²', '0.09290304', 'uom_square_meter'],
  ['product_uom_litre', 'product_uom_categ_vol', 'L', 'L', '1', null],
  ['product_uom_cubic_meter', 'product_uom_categ_vol', 'm³', 'm³', '1000', 'product_uom_litre', '0.001'],
  ['product_uom_cubic_inch', 'product_uom_categ_vol', 'in³', 'in³', '0.016387064', 'product_uom_litre'],
  ['product_uom_cubic_foot', 'product_uom_categ_vol', 'ft³', 'ft³', '1728', 'product_uom_cubic_inch'],
  ['product_uom_gal', 'product_uom_categ_vol', 'gal (US)', 'gal (US)', '231', 'product_uom_cubic_inch'],
  ['product_uom_qt', 'product_uom_categ_vol', 'qt (US)', 'qt (US)', '0.25', 'product_uom_gal'],
  ['product_uom_floz', 'product_uom_categ_vol', 'fl oz (US)', 'fl oz (US)', '0.03125', 'product_uom_qt'],
]

/** Units of measure, and the category that products without a better one go into. Names are people's to change. */
export async function loadProductData(sys: Env<true>): Promise<void> {
  const all = sys.withContext({ active_test: false, lang: 'en_US' })
  const found = await loadNamed(
    all,
    'uom.category',
    categories.map(({ key, name, korean }) => ({ key, values: {}, initial: { name }, korean: { name: korean } })),
    uom,
  )
  // References first: a unit is made when the one it is measured by is there.
  const made = new Map<string, number>()
  for (
    let level = units.filter((unit) => unit[5] === null);
    level.length > 0;
    level = units.filter(([key, , , , , by]) => by !== null && made.has(by) && !made.has(key))
  ) {
    const ids = await loadNamed(
      all,
      'uom.uom',
      level.map(([key, category, name, korean, factor, by, rounding]) => ({
        key,
        values: {},
        initial: {
          name,
          sequence: 10 * (1 + units.findIndex((unit) => unit[0] === key)),
          category_id: found.get(category)!,
          relative_factor: Decimal.of(factor),
          relative_uom_id: by === null ? null : made.get(by)!,
          rounding: Decimal.of(rounding ?? '0.01'),
        },
        ...(korean === name ? {} : { korean: { name: korean } }),
      })),
      uom,
    )
    for (const [key, id] of ids) made.set(key, id)
  }
  await loadNamed(
    all,
    'product.category',
    [
      { key: 'product_category_goods', values: {}, initial: { name: 'Goods' }, korean: { name: '재화' } },
      { key: 'product_category_services', values: {}, initial: { name: 'Services' }, korean: { name: '서비스' } },
    ],
    {
      module: 'product',
    },
  )
  await letAdministratorIn(all, ['product.group_product_pricelist'])
}
