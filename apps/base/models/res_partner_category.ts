import { type ModelFields, boolean, char, integer, many2many, many2one, model, one2many } from '@erp4/orm'

export const res_partner_category = model('res.partner.category', {
  label: 'Contact Tag',
  custom: 'links',
  order: 'display_name, id',
  fields: {
    name: char({ label: 'Tag Name', required: true }),
    display_name: char({ compute: 'stored', required: true, index: 'trigram' }),
    color: integer({ label: 'Color Index' }),
    parent_path: char({ index: true }),
    parent_id: many2one('res.partner.category', { label: 'Category', index: true, ondelete: 'cascade' }),
    child_ids: one2many('res.partner.category', 'parent_id', { label: 'Child Tags' }),
    active: boolean({ default: true }),
    partner_ids: many2many('res.partner', { label: 'Contacts', copy: false, inverse: 'category_id' }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'res.partner.category': ResPartnerCategory
  }
  interface ResPartnerCategory extends ModelFields<typeof res_partner_category> {}
}

res_partner_category.compute('display_name', ['name', 'parent_id.display_name'], (category) =>
  category.parent_id ? `${category.parent_id.display_name} / ${category.name}` : category.name,
)
