import { type ModelFields, char, model, one2many } from '@erp4/orm'

/** Units that measure the same thing, so that one can be converted to another. */
export const uom_category = model('uom.category', {
  label: 'Unit of Measure Category',
  order: 'name, id',
  fields: {
    name: char({ required: true, translate: true }),
    uom_ids: one2many('uom.uom', 'category_id', { label: 'Units' }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'uom.category': UomCategory
  }
  interface UomCategory extends ModelFields<typeof uom_category> {}
}

uom_category.constrain(['uom_ids.relative_uom_id'], (category) =>
  category.uom_ids.filter((unit) => unit.relative_uom_id === null).length < 2
    ? true
    : 'The units of a category are all measured, in the end, by one of them.',
)
