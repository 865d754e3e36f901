import { type ModelFields, char, many2one, model, one2many } from '@erp4/orm'

export const product_category = model('product.category', {
  label: 'Product Category',
  custom: 'links',
  order: 'display_name',
  fields: {
    name: char({ required: true, translate: true, index: 'trigram' }),
    display_name: char({ compute: 'stored', translate: true, index: 'trigram' }),
    complete_name: char({ related: 'display_name', label: 'Complete Name' }),
    parent_id: many2one('product.category', { label: 'Parent Category', index: true, ondelete: 'cascade' }),
    parent_path: char({ index: true }),
    lineage: char({ compute: 'stored', help: 'The category under its parents, as rules of pricelists ask for it.' }),
    child_id: one2many('product.category', 'parent_id', { label: 'Child Categories' }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'product.category': ProductCategory
  }
  interface ProductCategory extends ModelFields<typeof product_category> {}
}

product_category.compute('display_name', ['name', 'parent_id.display_name'], (category) =>
  category.parent_id ? `${category.parent_id.display_name} / ${category.name}` : category.name,
)

product_category.compute('lineage', ['parent_id.lineage'], (category) => `${category.parent_id?.lineage ?? ''}${category.id}/`)
