import { idOf, loadNamed } from '@erp4/base'
import { Decimal, type Env } from '@erp4/orm'

const demo = { module: 'account', demo: true } as const
const d = Decimal.of

/** Taxes for the examples' products, and who pays when. */
export async function loadAccountExamples(sys: Env<true>): Promise<void> {
  const all = sys.withContext({ active_test: false, lang: 'en_US' })
  const [company, group] = [
    await idOf(all, 'base', 'main_company'),
    (await all.model('account.tax.group').search([['company_id', '=', 1]], { order: 'id', limit: 1 })).ids[0],
  ]
  if (company === undefined || group === undefined) throw new Error('The examples need the standard data first')
  const taxes = await loadNamed(
    all,
    'account.tax',
    [
      { key: 'tax_sale_21', name: '21%', korean: '21%', amount: '21', use: 'sale', included: false },
      { key: 'tax_sale_10_included', name: '10% included', korean: '10% 포함', amount: '10', use: 'sale', included: true },
      { key: 'tax_sale_0', name: '0% Export', korean: '0% 수출', amount: '0', use: 'sale', included: false },
      { key: 'tax_purchase_21', name: '21%', korean: '21%', amount: '21', use: 'purchase', included: false },
    ].map((tax, i) => ({
      key: tax.key,
      values: {},
      initial: {
        name: tax.name,
        amount: d(tax.amount),
        type_tax_use: tax.use,
        price_include_override: tax.included ? 'tax_included' : null,
        tax_group_id: group,
        company_id: company,
        sequence: 10 + i,
      },
      ...(tax.korean === tax.name ? {} : { korean: { name: tax.korean } }),
    })),
    demo,
  )
  const vat = taxes.get('tax_sale_21')!
  const products = await all.model('ir.model.data').find(
    [
      ['demo', '=', true],
      ['model', '=', 'product.template'],
    ],
    ['res_id'],
  )
  await all
    .model('product.template')
    .browse(products.map((row) => row.res_id!))
    .write({ taxes_id: [['link', vat]] })
  const [books] = await all.model('res.company').browse([company]).read(['account_sale_tax_id'])
  if (books?.account_sale_tax_id === null)
    await all
      .model('res.company')
      .browse([company])
      .write({ account_sale_tax_id: vat, account_purchase_tax_id: taxes.get('tax_purchase_21')! })
  await loadNamed(
    all,
    'account.fiscal.position',
    [
      {
        key: 'fiscal_position_export',
        values: {},
        initial: { name: 'Export', company_id: company, tax_ids: [['create', { tax_src_id: vat, tax_dest_id: taxes.get('tax_sale_0')! }]] },
        korean: { name: '수출' },
      },
    ],
    demo,
  )
}
