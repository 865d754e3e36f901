import { loadNamed } from '@erp4/base'
import { Decimal, type Env } from '@erp4/orm'

const demo = { module: 'product', demo: true } as const

const d = Decimal.of

/** Made-up furniture and services: `[key, name, Korean name, reference, price, cost, unit]`. */
const products = [
  ['product_desk_lamp', 'Desk Lamp', '책상 스탠드', 'LAMP-01', '45.90', '21', 'unit'],
  ['product_office_chair', 'Office Chair', '사무용 의자', 'CHAIR-01', '189', '96.50', 'unit'],
  ['product_shelf', 'Wall Shelf', '벽 선반', 'SHELF-01', '59.50', '24.80', 'unit'],
  ['product_pencils', 'Pencils', '연필', 'PENCIL-12', '5.40', '2.10', 'dozen'],
  ['product_cable', 'Network Cable', '네트워크 케이블', 'CABLE-M', '0.85', '0.31', 'meter'],
  ['product_assembly', 'Assembly on Site', '현장 조립', 'SERV-ASM', '62', '35', 'hour'],
  ['product_consulting', 'Workplace Consulting', '업무 공간 컨설팅', 'SERV-CON', '110', '60', 'hour'],
] as const

/** A dozen products, a desk in six variants, and a pricelist for larger orders. */
export async function loadProductExamples(sys: Env<true>): Promise<void> {
  const all = sys.withContext({ active_test: false, lang: 'en_US' })
  const named = async (module: string, names: readonly string[]) => {
    const rows = await all.model('ir.model.data').find(
      [
        ['module', '=', module],
        ['name', 'in', names],
      ],
      ['name', 'res_id'],
    )
    return new Map(rows.map((row) => [row.name, row.res_id!]))
  }
  const units = await named('uom', ['product_uom_unit', 'product_uom_dozen', 'product_uom_meter', 'product_uom_hour'])
  const categories = await named('product', ['product_category_goods', 'product_category_services'])
  await loadNamed(
    all,
    'product.template',
    products.map(([key, name, korean, code, price, cost, unit]) => ({
      key,
      values: {},
      initial: {
        name,
        type: unit === 'hour' ? 'service' : 'consu',
        default_code: code,
        list_price: d(price),
        standard_price: d(cost),
        categ_id: categories.get(unit === 'hour' ? 'product_category_services' : 'product_category_goods')!,
        uom_id: units.get(`product_uom_${unit}`)!,
      },
      korean: { name: korean },
    })),
    demo,
  )
  await loadDesk(all, categories.get('product_category_goods')!)
  await loadNamed(
    all,
    'product.pricelist',
    [
      {
        key: 'pricelist_wholesale',
        values: {},
        initial: {
          name: 'Wholesale',
          item_ids: [
            ['create', { compute_price: 'percentage', percent_price: d(5), min_quantity: d(10) }],
            ['create', { compute_price: 'percentage', percent_price: d(10), min_quantity: d(50) }],
          ],
        },
        korean: { name: '도매' },
      },
    ],
    demo,
  )
}

const attributes = [
  {
    key: 'attribute_wood',
    name: 'Wood',
    korean: '목재',
    values: [
      ['oak', 'Oak', '참나무'],
      ['walnut', 'Walnut', '호두나무'],
    ],
  },
  {
    key: 'attribute_width',
    name: 'Width',
    korean: '너비',
    values: [
      ['120', '120 cm', '120cm'],
      ['140', '140 cm', '140cm'],
      ['160', '160 cm', '160cm'],
    ],
  },
] as const

async function loadDesk(sys: Env<true>, category: number): Promise<void> {
  const made = await loadNamed(
    sys,
    'product.attribute',
    attributes.map(({ key, name, korean }) => ({ key, values: {}, initial: { name }, korean: { name: korean } })),
    demo,
  )
  const values = await loadNamed(
    sys,
    'product.attribute.value',
    attributes.flatMap((attribute) =>
      attribute.values.map(([key, name, korean], i) => ({
        key: `${attribute.key}_${key}`,
        values: {},
        initial: {
          name,
          attribute_id: made.get(attribute.key)!,
          sequence: 10 + i,
          default_extra_price: d(attribute.key === 'attribute_width' ? i * 40 : i * 75),
        },
        korean: { name: korean },
      })),
    ),
    demo,
  )
  await loadNamed(
    sys,
    'product.template',
    [
      {
        key: 'product_desk',
        values: {},
        initial: {
          name: 'Desk',
          list_price: d(420),
          categ_id: category,
          description_sale: 'Solid wood, oiled; delivered in parts.',
          attribute_line_ids: attributes.map((attribute) => [
            'create',
            {
              attribute_id: made.get(attribute.key)!,
              value_ids: [['set', attribute.values.map(([key]) => values.get(`${attribute.key}_${key}`)!)]],
            },
          ]),
        },
        korean: { name: '책상', description_sale: '오일 마감 원목, 부품 상태로 배송' },
      },
    ],
    demo,
  )
}
