import { type ModelFields, boolean, char, model, one2many, selection, text } from '@erp4/orm'

/** The models of the installed apps, kept in step with the code at every migration. */
export const ir_model = model('ir.model', {
  label: 'Model',
  order: 'model',
  unique: [['model']],
  audit: false,
  fields: {
    name: char({ label: 'Model Description', required: true, translate: true }),
    model: char({ required: true }),
    info: text({ label: 'Information' }),
    modules: char({ label: 'In Apps' }),
    state: selection({ manual: 'Custom Object', base: 'Base Object' }, { label: 'Type', required: true, default: 'base' }),
    transient: boolean({ label: 'Transient Model' }),
    abstract: boolean({ label: 'Abstract Model' }),
    field_id: one2many('ir.model.fields', 'model_id', { label: 'Fields' }),
    access_ids: one2many('ir.model.access', 'model_id', { label: 'Access' }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'ir.model': IrModel
  }
  interface IrModel extends ModelFields<typeof ir_model> {}
}
