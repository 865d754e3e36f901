import { contactManager, employee } from '@erp4/base'
import { group } from '@erp4/orm'

export const productManager = group('product.group_product_manager', {
  label: 'Products: editor',
  help: 'Creates and changes products, units and attributes.',
  implies: [employee],
})

/** Integrations look for the right to see prices by this name; here it also keeps them. */
export const pricelistManager = group('product.group_product_pricelist', {
  label: 'Products: pricelists',
  help: 'Decides who pays what: pricelists, and which customer has which.',
  implies: [productManager, contactManager],
})

export const groups = [productManager, pricelistManager]
