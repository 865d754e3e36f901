import { employee, multiCompany } from '@erp4/base'
import { form, kanban, list, menu, search } from '@erp4/orm'
import { pricelistManager, productManager } from './groups.ts'

export const product_template_list = list('product.template', (v) => [
  v.field('name'),
  v.field('default_code'),
  v.field('barcode', { optional: 'hidden' }),
  v.field('categ_id'),
  v.field('list_price'),
  v.field('standard_price', { optional: 'hidden', only: employee }),
  v.field('uom_id', { optional: 'hidden' }),
  v.field('product_variant_count', { optional: 'hidden' }),
])

export const product_template_kanban = kanban('product.template', ['name', 'default_code', 'categ_id', 'list_price'], {
  cover: 'image_1920',
  quick: ['name', 'list_price'],
})

export const product_template_form = form('product.template', (v) => [
  v.link('Variants', 'product.product', 'product_tmpl_id', { count: 'product_variant_count', icon: 'versions' }),
  v.title(v.field('name', { placeholder: 'Oak desk' })),
  v.columns(
    ['type', 'sale_ok', 'purchase_ok', 'list_price', v.field('standard_price', { when: [['single_variant_id', '!=', null]] })],
    [
      'categ_id',
      v.field('default_code', { when: [['single_variant_id', '!=', null]] }),
      v.field('barcode', { when: [['single_variant_id', '!=', null]] }),
      'uom_id',
      v.field('company_id', { only: multiCompany }),
    ],
  ),
  v.tab('Sales', v.columns(['description_sale'])),
  v.tab('Attributes & Variants', v.lines('attribute_line_ids', ['attribute_id', 'value_ids'], { sequence: 'sequence' })),
  v.tab('Purchase', v.columns(['description_purchase'])),
  v.tab('Inventory', v.columns(['is_storable', 'weight', 'volume'])),
  v.tab('Internal Notes', v.columns(['description'])),
])

export const product_template_search = search(
  'product.template',
  ['name', 'default_code', 'barcode', 'categ_id', 'attribute_line_ids'],
  (v) => [
    v.filter('Sold', [['sale_ok', '=', true]]),
    v.filter('Purchased', [['purchase_ok', '=', true]]),
    v.separator(),
    v.filter('Goods', [['type', '=', 'consu']]),
    v.filter('Services', [['type', '=', 'service']]),
    v.separator(),
    v.filter('Archived', [['active', '=', false]]),
    v.groupBy('Product Category', 'categ_id'),
    v.groupBy('Product Type', 'type'),
  ],
)

export const product_product_list = list('product.product', (v) => [
  v.field('display_name', { label: 'Name' }),
  v.field('default_code', { optional: 'hidden' }),
  v.field('product_template_attribute_value_ids', { widget: 'tags' }),
  v.field('barcode', { optional: 'shown' }),
  v.field('lst_price'),
  v.field('standard_price', { optional: 'hidden' }),
  v.field('uom_id', { optional: 'hidden' }),
])

export const product_product_form = form('product.product', (v) => [
  v.title(v.field('name', { readonly: true })),
  v.columns(
    ['product_tmpl_id', v.field('product_template_attribute_value_ids', { widget: 'tags', readonly: true }), 'active'],
    ['default_code', 'barcode', 'lst_price', 'standard_price'],
  ),
])

export const product_product_search = search(
  'product.product',
  ['display_name', 'default_code', 'barcode', 'product_tmpl_id', 'categ_id'],
  (v) => [
    v.filter('Archived', [['active', '=', false]]),
    v.groupBy('Product', 'product_tmpl_id'),
    v.groupBy('Product Category', 'categ_id'),
  ],
)

export const product_pricelist_form = form('product.pricelist', (v) => [
  v.title(v.field('name', { placeholder: 'Wholesale' })),
  v.columns(['currency_id', 'country_group_ids'], [v.field('company_id', { only: multiCompany }), 'active']),
  v.tab(
    'Price Rules',
    v.lines('item_ids', [
      'applied_on',
      'categ_id',
      'product_tmpl_id',
      'product_id',
      'min_quantity',
      'compute_price',
      'fixed_price',
      'percent_price',
      'date_start',
      'date_end',
    ]),
  ),
])

export const product_pricelist_item_form = form('product.pricelist.item', (v) => [
  v.columns(
    [
      'applied_on',
      v.field('categ_id', { when: [['applied_on', '=', '2_product_category']] }),
      v.field('product_tmpl_id', { when: [['applied_on', '=', '1_product']] }),
      v.field('product_id', { when: [['applied_on', '=', '0_product_variant']] }),
    ],
    ['pricelist_id', 'min_quantity', 'date_start', 'date_end'],
  ),
  v.columns(
    [
      'compute_price',
      v.field('fixed_price', { when: [['compute_price', '=', 'fixed']] }),
      v.field('percent_price', { when: [['compute_price', '=', 'percentage']] }),
      v.field('base', { when: [['compute_price', '!=', 'fixed']] }),
      v.field('base_pricelist_id', {
        when: [
          ['compute_price', '!=', 'fixed'],
          ['base', '=', 'pricelist'],
        ],
      }),
    ],
    [
      v.field('price_discount', { when: [['compute_price', '=', 'formula']] }),
      v.field('price_round', { when: [['compute_price', '=', 'formula']] }),
      v.field('price_surcharge', { when: [['compute_price', '=', 'formula']] }),
      v.field('price_min_margin', { when: [['compute_price', '=', 'formula']] }),
      v.field('price_max_margin', { when: [['compute_price', '=', 'formula']] }),
    ],
  ),
])

export const views = [
  product_template_kanban,
  product_template_list,
  product_template_form,
  product_template_search,
  product_product_list,
  product_product_form,
  product_product_search,
  list('product.category', ['display_name']),
  form('product.category', (v) => [v.title('name'), v.columns(['parent_id'])]),
  list('product.attribute', ['name', 'create_variant', 'value_ids']),
  form('product.attribute', (v) => [
    v.columns(['name', 'create_variant'], ['display_type', 'active']),
    v.tab('Values', v.lines('value_ids', ['name', 'html_color', 'default_extra_price', 'active'], { sequence: 'sequence' })),
  ]),
  list('product.template.attribute.value', ['attribute_id', 'name', 'price_extra', 'ptav_active']),
  form('product.template.attribute.value', (v) => [
    v.columns(['product_tmpl_id', 'attribute_id', 'name'], ['price_extra', 'ptav_active']),
    v.tab('Exclude for', v.lines('exclude_for', ['product_tmpl_id', 'value_ids'])),
  ]),
  list('product.pricelist', (v) => [
    v.field('name'),
    v.field('currency_id'),
    v.field('country_group_ids'),
    v.field('company_id', { only: multiCompany }),
  ]),
  product_pricelist_form,
  list('product.pricelist.item', ['pricelist_id', 'display_name', 'min_quantity', 'compute_price', 'date_start', 'date_end']),
  product_pricelist_item_form,
  list('uom.uom', ['name', 'category_id', 'relative_factor', 'relative_uom_id', 'rounding', 'active']),
  form('uom.uom', (v) => [v.columns(['name', 'relative_factor', 'relative_uom_id'], ['category_id', 'rounding', 'active'])]),
  list('uom.category', ['name']),
]

export const menus = [
  menu('Products', 'product.template', { sequence: 30, icon: 'package', views: ['kanban', 'list'] }),
  menu('All Products', 'product.template', { parent: 'Products', sequence: 10, views: ['kanban', 'list'] }),
  menu('Product Variants', 'product.product', { parent: 'Products', sequence: 20 }),
  menu('Pricelists', 'product.pricelist', { parent: 'Products', sequence: 30 }),
  menu('Price Rules', 'product.pricelist.item', { parent: 'Products', sequence: 31, groups: [pricelistManager] }),
  menu('Product Categories', 'product.category', { parent: 'Products/Configuration', sequence: 90, groups: [productManager] }),
  menu('Attributes', 'product.attribute', { parent: 'Products/Configuration', sequence: 91, groups: [productManager] }),
  menu('Product Attribute Values', 'product.template.attribute.value', {
    parent: 'Products/Configuration',
    sequence: 92,
    groups: [productManager],
  }),
  menu('Units of Measure', 'uom.uom', { parent: 'Products/Configuration', sequence: 93, groups: [productManager] }),
  menu('Unit of Measure Categories', 'uom.category', { parent: 'Products/Configuration', sequence: 94, groups: [productManager] }),
]
