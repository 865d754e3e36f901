import { product_attribute, product_attribute_value } from './models/product_attribute.ts'
import { product_category } from './models/product_category.ts'
import { product_pricelist } from './models/product_pricelist.ts'
import { product_pricelist_item } from './models/product_pricelist_item.ts'
import { product_product } from './models/product_product.ts'
import { product_template } from './models/product_template.ts'
import {
  product_template_attribute_exclusion,
  product_template_attribute_line,
  product_template_attribute_value,
} from './models/product_template_attribute.ts'
import { uom_category } from './models/uom_category.ts'
import { uom_uom } from './models/uom_uom.ts'

export const models = [
  uom_category,
  uom_uom,
  product_category,
  product_attribute,
  product_attribute_value,
  product_template,
  product_template_attribute_line,
  product_template_attribute_value,
  product_template_attribute_exclusion,
  product_product,
  product_pricelist,
  product_pricelist_item,
] as const
