import { base } from '@erp4/base'
import { mail } from '@erp4/mail'
import { app } from '@erp4/orm'
import { access } from './access.ts'
import { loadProductData } from './data.ts'
import { loadProductExamples } from './examples.ts'
import { groups } from './groups.ts'
import { korean } from './i18n/ko.ts'
import { models } from './models.ts'
import { product_template_thread } from './models/product_template.ts'
import { res_country_group } from './models/res_country_group.ts'
import { res_partner } from './models/res_partner.ts'
import { steps } from './steps.ts'
import { menus, views } from './views.ts'

export * from './groups.ts'
export * from './measure.ts'
export * from './own-units.ts'
export * from './models/product_attribute.ts'
export * from './models/product_category.ts'
export * from './models/product_pricelist.ts'
export * from './models/product_pricelist_item.ts'
export * from './models/product_product.ts'
export * from './models/product_template.ts'
export * from './models/product_template_attribute.ts'
export * from './models/uom_category.ts'
export * from './models/uom_uom.ts'
export * from './prices.ts'
export * from './views.ts'

/** What is sold and bought: products and their variants, units of measure, pricelists. */
export const product = app({
  name: 'product',
  label: 'Products',
  depends: [base, mail],
  models,
  extensions: [product_template_thread, res_partner, res_country_group],
  groups,
  access,
  views,
  menus,
  i18n: { ko_KR: korean },
  data: loadProductData,
  examples: loadProductExamples,
  steps,
})
