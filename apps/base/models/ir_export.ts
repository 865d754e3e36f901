import { type ModelFields, binary, boolean, char, integer, json, many2one, model, one2many, selection, text } from '@erp4/orm'

/** A choice of fields to be exported again: somebody's own, or, without a user, everybody's. */
export const ir_exports = model('ir.exports', {
  label: 'Export Preset',
  order: 'name, id',
  fields: {
    name: char({ required: true }),
    resource: char({ label: 'Model', required: true, index: true, help: 'The name of the model that is exported.' }),
    user_id: many2one('res.users', {
      label: 'User',
      index: true,
      ondelete: 'cascade',
      default: (env) => env.user.id,
      help: 'Empty: shared with everybody.',
    }),
    format: selection({ csv: 'CSV', xlsx: 'Excel' }, { required: true, default: 'xlsx' }),
    compatible: boolean({ label: 'For Import', help: 'External ids and technical names, so that the file can be imported again.' }),
    export_fields: one2many('ir.exports.line', 'export_id', { label: 'Fields', copy: true }),
  },
})

export const ir_exports_line = model('ir.exports.line', {
  label: 'Exported Field',
  order: 'id',
  fields: {
    export_id: many2one('ir.exports', { label: 'Preset', required: true, index: true, ondelete: 'cascade' }),
    name: char({ label: 'Field', required: true, help: 'The path of a field: order_line/product_id/id' }),
  },
})

/** A file that was asked for, made by the server and fetched by the person; swept after a day. */
export const ir_export = model('ir.export', {
  label: 'Export',
  transient: true,
  audit: false,
  fields: {
    name: char({ label: 'File Name', required: true }),
    res_model: char({ label: 'Model', required: true }),
    asked: json({ help: 'Which records and columns, and how they are to be written.' }),
    state: selection(
      { running: 'Being made', done: 'Ready', failed: 'Failed', cancelled: 'Cancelled' },
      { required: true, default: 'running' },
    ),
    job: integer(),
    total: integer({ label: 'Records', default: 0 }),
    rows: integer({ label: 'Rows', default: 0 }),
    file: binary({ copy: false }),
    message: text(),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'ir.exports': IrExports
    'ir.exports.line': IrExportsLine
    'ir.export': IrExport
  }
  interface IrExports extends ModelFields<typeof ir_exports> {}
  interface IrExportsLine extends ModelFields<typeof ir_exports_line> {}
  interface IrExport extends ModelFields<typeof ir_export> {}
}
