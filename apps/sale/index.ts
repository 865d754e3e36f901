import { account } from '@erp4/account'
import { base } from '@erp4/base'
import { mail } from '@erp4/mail'
import { app } from '@erp4/orm'
import { portal } from '@erp4/portal'
import { product } from '@erp4/product'
import { access } from './access.ts'
import { loadSaleData } from './data.ts'
import { loadSaleExamples } from './examples.ts'
import { groups } from './groups.ts'
import { korean } from './i18n/ko.ts'
import { models } from './models.ts'
import { account_move_line } from './models/account_move_line.ts'
import { account_tax } from './models/account_tax.ts'
import { product_product, product_template } from './models/product_template.ts'
import { res_company } from './models/res_company.ts'
import { res_partner } from './models/res_partner.ts'
import { sale_order_thread } from './models/sale_order.ts'
import { orderPaper } from './order-paper.ts'
import { steps } from './steps.ts'
import { menus, views } from './views.ts'

export * from './acceptance.ts'
export * from './actions.ts'
export * from './content.ts'
export * from './credit.ts'
export * from './groups.ts'
export * from './invoicing.ts'
export * from './models/crm_team.ts'
export * from './models/sale_advance_payment_inv.ts'
export * from './models/sale_order.ts'
export * from './models/sale_order_line.ts'
export * from './order-paper.ts'
export * from './sending.ts'
export * from './views.ts'

/** Quotations, the orders that they become, and their invoices. */
export const sale = app({
  name: 'sale',
  label: 'Sales',
  depends: [base, product, account, mail, portal],
  models,
  extensions: [sale_order_thread, account_move_line, account_tax, product_template, product_product, res_company, res_partner],
  groups,
  access,
  views,
  menus,
  papers: [orderPaper],
  i18n: { ko_KR: korean },
  data: loadSaleData,
  examples: loadSaleExamples,
  steps,
})
