import { employee, portal } from '@erp4/base'
import { type Access, all, freeze, grant, guard, protect } from '@erp4/orm'
import { pricelistManager, productManager } from './groups.ts'
import type { models } from './models.ts'

type Own = (typeof models)[number]['name']

const measured = 'Quantities were counted in {name}, so it keeps what it measures. Archive it and make another unit.'

export const access: Access<Own> = {
  'uom.category': [grant(employee, ['read']), grant(portal, ['name']), grant(productManager, all)],
  'uom.uom': [
    grant(employee, ['read']),
    grant(portal, ['name']),
    grant(productManager, all),
    freeze(['relative_factor', 'relative_uom_id', 'category_id'], () => [['id', '=', 0]], measured),
  ],
  'product.category': [grant(employee, ['read']), grant(productManager, all)],
  'product.attribute': [grant(employee, ['read']), grant(productManager, all)],
  'product.attribute.value': [grant(employee, ['read']), grant(productManager, all)],
  'product.template': [
    guard((me) => [['company_id', 'in', [...me.company_ids, null]]]),
    grant(employee, ['read']),
    grant(productManager, all),
    protect(['standard_price', 'description'], employee),
  ],
  'product.template.attribute.line': [
    guard((me) => [['product_tmpl_id.company_id', 'in', [...me.company_ids, null]]]),
    grant(employee, ['read']),
    grant(productManager, all),
  ],
  'product.template.attribute.value': [
    guard((me) => [['attribute_line_id', 'any', [['product_tmpl_id.company_id', 'in', [...me.company_ids, null]]]]]),
    grant(employee, ['read']),
    grant(productManager, ['read', 'write']),
  ],
  'product.template.attribute.exclusion': [
    guard((me) => [['product_tmpl_id.company_id', 'in', [...me.company_ids, null]]]),
    grant(employee, ['read']),
    grant(productManager, all),
  ],
  'product.product': [
    guard((me) => [['product_tmpl_id.company_id', 'in', [...me.company_ids, null]]]),
    grant(employee, ['read']),
    grant(productManager, all),
    protect(['standard_price', 'description'], employee),
  ],
  'product.pricelist': [
    guard((me) => [['company_id', 'in', [...me.company_ids, null]]]),
    grant(employee, ['read']),
    grant(pricelistManager, all),
  ],
  'product.pricelist.item': [
    guard((me) => [['pricelist_id.company_id', 'in', [...me.company_ids, null]]]),
    grant(employee, ['read']),
    grant(pricelistManager, all),
  ],
  // What a customer pays is not for everybody who keeps his address.
  'res.partner': [
    protect(['property_product_pricelist'], employee, ['read']),
    protect(['property_product_pricelist'], pricelistManager, ['create', 'write']),
  ],
}
