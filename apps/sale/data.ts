import { letAdministratorIn, loadNamed } from '@erp4/base'
import { loadTemplates } from '@erp4/mail'
import type { Env } from '@erp4/orm'
import { templates } from './templates.ts'

/** A counter of orders for each company, and a team to begin with. */
export async function loadSaleData(sys: Env<true>): Promise<void> {
  const all = sys.withContext({ active_test: false, lang: 'en_US' })
  await openSales(all, (await all.model('res.company').search([])).ids)
  await loadNamed(all, 'crm.team', [{ key: 'team_sales_department', values: {}, initial: { name: 'Sales' }, korean: { name: '영업' } }], {
    module: 'sales_team',
  })
  await loadTemplates(all, 'sale', templates)
  await letAdministratorIn(all, ['sales_team.group_sale_manager'])
}

/** What a company needs to write quotations: numbers of its own. */
export async function openSales(sys: Env<true>, companies: readonly number[]): Promise<void> {
  const all = sys.withContext({ active_test: false, lang: 'en_US' })
  await loadNamed(
    all,
    'ir.sequence',
    companies.map((company) => ({
      key: `company_${company}_orders`,
      values: {},
      initial: { name: 'Sales Order', code: 'sale.order', prefix: 'S', padding: 5, implementation: 'no_gap', company_id: company },
    })),
    { module: 'sale' },
  )
}
