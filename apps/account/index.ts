import { base } from '@erp4/base'
import { mail } from '@erp4/mail'
import { app } from '@erp4/orm'
import { portal } from '@erp4/portal'
import { product } from '@erp4/product'
import { access } from './access.ts'
import { loadAccountData } from './data.ts'
import { loadAccountExamples } from './examples.ts'
import { groups } from './groups.ts'
import { korean } from './i18n/ko.ts'
import { invoicePaper } from './invoice-paper.ts'
import { models } from './models.ts'
import { account_move_thread } from './models/account_move.ts'
import { product_category, product_product, product_template } from './models/product_template.ts'
import { res_company } from './models/res_company.ts'
import { res_currency } from './models/res_currency.ts'
import { res_partner } from './models/res_partner.ts'
import { steps } from './steps.ts'
import { menus, views } from './views.ts'

export * from './correction.ts'
export { companyCurrency, companyRounding } from './defaults.ts'
export * from './document-lines.ts'
export * from './figures.ts'
export * from './given.ts'
export * from './groups.ts'
export * from './invoice-paper.ts'
export * from './models/account_account.ts'
export * from './models/account_fiscal_position.ts'
export * from './models/account_journal.ts'
export * from './models/account_move.ts'
export * from './models/account_move_line.ts'
export * from './models/account_payment_term.ts'
export * from './models/account_tax.ts'
export * from './papers.ts'
export * from './posting.ts'
export * from './sending.ts'
export { mappingsOf, rateKeeper } from './preparation.ts'
export * from './tax-rules.ts'
export * from './terms.ts'
export * from './totals.ts'
export * from './views.ts'

/** Taxes, payment terms and invoices, posted in balanced books without a gap. */
export const account = app({
  name: 'account',
  label: 'Invoicing',
  depends: [base, mail, portal, product],
  models,
  extensions: [account_move_thread, res_company, res_currency, res_partner, product_category, product_template, product_product],
  groups,
  access,
  views,
  menus,
  papers: [invoicePaper],
  i18n: { ko_KR: korean },
  data: loadAccountData,
  examples: loadAccountExamples,
  steps,
})
