import { type ModelFields, boolean, char, datetime, integer, many2many, many2one, model, one2many, selection, text } from '@erp4/orm'

const kinds = {
  char: 'char',
  text: 'text',
  html: 'html',
  integer: 'integer',
  float: 'float',
  monetary: 'monetary',
  boolean: 'boolean',
  date: 'date',
  datetime: 'datetime',
  selection: 'selection',
  json: 'json',
  reference: 'reference',
  binary: 'binary',
  many2one: 'many2one',
  one2many: 'one2many',
  many2many: 'many2many',
} as const

/**
 * The fields of the installed apps, kept in step with the code at every migration, and those that people made (`state` is `manual`): what
 * becomes of these is in `custom-fields/`.
 */
export const ir_model_fields = model('ir.model.fields', {
  label: 'Field',
  order: 'model, name',
  unique: [['model', 'name']],
  audit: false,
  fields: {
    name: char({ label: 'Field Name', required: true, index: true }),
    model: char({ label: 'Model Name', required: true, index: true }),
    model_id: many2one('ir.model', { label: 'Model', required: true, index: true, ondelete: 'cascade' }),
    field_description: char({ label: 'Field Label', required: true, translate: true }),
    help: text({ label: 'Field Help', translate: true }),
    ttype: selection(kinds, { label: 'Field Type', required: true }),
    relation: char({ label: 'Related Model' }),
    relation_field: char({ label: 'Inverse Field' }),
    related: char({ label: 'Related Field Definition' }),
    modules: char({ label: 'In Apps' }),
    state: selection({ manual: 'Custom Field', base: 'Base Field' }, { label: 'Type', required: true, default: 'manual' }),
    required: boolean(),
    readonly: boolean(),
    store: boolean({ label: 'Stored' }),
    index: boolean({ label: 'Indexed' }),
    copied: boolean(),
    translate: boolean({ label: 'Translatable' }),
    company_dependent: boolean(),
    size: integer({ help: 'Of a text: at most so many characters.' }),
    digits: integer({ label: 'Decimals', help: 'Of a decimal number: how many are kept; nothing keeps what a computer keeps.' }),
    on_delete: selection({ 'set null': 'Empty the field', restrict: 'Refuse' }, { label: 'When the record chosen is deleted' }),
    default_value: char({ label: 'Default', help: 'What the field begins with, as text: 2027-03-31, true, 12.5.' }),
    groups: many2many('res.groups', { label: 'Only for', help: 'For everybody else the field does not exist.' }),
    is_limited: boolean({ label: 'Limited to groups' }),
    form_place: char({ label: 'In the form', help: 'tab, none, or after: and the name of a field.' }),
    list_place: selection({ no: 'No column', hidden: 'A column to choose', shown: 'A column' }, { label: 'In the list' }),
    in_search: boolean({ label: 'In the search', default: true }),
    sequence: integer({ default: 10 }),
    phase: selection(
      { asked: 'Being made', ready: 'In use', archived: 'Archived', deleted: 'Deleted' },
      { label: 'Stage', default: (env) => (env.isSystem ? null : 'asked') as 'asked' },
    ),
    problem: text({ help: 'Why it could not be made yet.' }),
    delete_after: datetime({ label: 'Kept until', help: 'Of a deleted field: when its values go.' }),
    selection_ids: one2many('ir.model.fields.selection', 'field_id', { label: 'Selection Options' }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'ir.model.fields': IrModelFields
  }
  interface IrModelFields extends ModelFields<typeof ir_model_fields> {}
}

export const ir_model_fields_selection = model('ir.model.fields.selection', {
  label: 'Field Selection Option',
  order: 'sequence, id',
  unique: [['field_id', 'value']],
  audit: false,
  fields: {
    field_id: many2one('ir.model.fields', { required: true, index: true, ondelete: 'cascade' }),
    value: char({ required: true }),
    name: char({ required: true, translate: true }),
    sequence: integer({ default: 1000 }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'ir.model.fields.selection': IrModelFieldsSelection
  }
  interface IrModelFieldsSelection extends ModelFields<typeof ir_model_fields_selection> {}
}
