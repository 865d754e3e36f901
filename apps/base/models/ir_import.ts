import { type ModelFields, binary, boolean, char, datetime, integer, json, many2one, model, one2many, selection, text } from '@erp4/orm'

/**
 * A file on its way into a model, and afterwards the record of what it did there. The server writes it, as the import goes on; people read
 * their own. What was made and changed is in the lines, so that it can be undone.
 */
export const ir_import = model('ir.import', {
  label: 'Import',
  order: 'id desc',
  fields: {
    name: char({ label: 'File Name', required: true }),
    res_model: char({ label: 'Model', required: true, index: true }),
    file: binary({ label: 'File', copy: false }),
    file_size: integer({ label: 'Size in Bytes' }),
    format: selection({ csv: 'CSV', xlsx: 'Excel' }, { required: true }),
    options: json({ help: 'How the file is written: encoding, separator, sheet, days and numbers.' }),
    headers: json({ help: 'What stands above the columns.' }),
    header_key: char({ size: 64, index: true, help: 'The same for files with the same headers: their columns are suggested again.' }),
    columns: json({ help: 'The field of each column, by its path; null for a column that is left out.' }),
    keep_good: boolean({ label: 'Keep Good Rows', help: 'Rows without errors are kept; else one error undoes all.' }),
    state: selection(
      {
        draft: 'Not imported',
        testing: 'Being tested',
        tested: 'Tested',
        running: 'Being imported',
        done: 'Imported',
        failed: 'Failed',
        cancelled: 'Cancelled',
        undoing: 'Being undone',
        undone: 'Undone',
      },
      { required: true, default: 'draft' },
    ),
    job: integer({ label: 'Job', grouping: false }),
    caller: json({ help: 'Language, time zone and companies of the person, as they were on his screen.' }),
    total: integer({ label: 'Rows', default: 0 }),
    created: integer({ label: 'Created', default: 0 }),
    updated: integer({ label: 'Updated', default: 0 }),
    unchanged: integer({ label: 'Unchanged', default: 0 }),
    failed: integer({ label: 'With Errors', default: 0 }),
    next_row: integer({ default: 0, help: 'Rows that are done with, of the file: an interrupted import goes on behind them.' }),
    removed: integer({ label: 'Removed by Undo', default: 0 }),
    restored: integer({ label: 'Put Back by Undo', default: 0 }),
    kept: integer({ label: 'Kept by Undo', default: 0 }),
    message: text({ label: 'What Happened' }),
    finished_at: datetime({ label: 'Finished' }),
    undone_at: datetime({ label: 'Undone On' }),
    line_ids: one2many('ir.import.line', 'import_id', { label: 'Records' }),
    error_ids: one2many('ir.import.error', 'import_id', { label: 'Errors' }),
  },
})

/** What an import did to one record. */
export const ir_import_line = model('ir.import.line', {
  label: 'Imported Record',
  order: 'id desc',
  audit: false,
  fields: {
    import_id: many2one('ir.import', { label: 'Import', required: true, index: true, ondelete: 'cascade' }),
    row: integer({ label: 'Row', required: true, grouping: false }),
    res_id: integer({ label: 'Record', required: true, index: true, grouping: false }),
    kind: selection({ made: 'Created', changed: 'Updated' }, { required: true }),
    before: json({ help: 'What the fields held that were changed.' }),
    left_at: integer({ label: 'Version Left', required: true, help: 'Of the record, when the import had done with it.' }),
    state: selection({ done: 'Imported', undone: 'Undone', kept: 'Kept' }, { required: true, default: 'done' }),
    reason: text({ label: 'Why It Was Kept' }),
  },
})

/** What is wrong with one cell of the file, or with a row. */
export const ir_import_error = model('ir.import.error', {
  label: 'Import Error',
  order: 'row, position, id',
  audit: false,
  fields: {
    import_id: many2one('ir.import', { label: 'Import', required: true, index: true, ondelete: 'cascade' }),
    row: integer({ label: 'Row', required: true, grouping: false, help: 'As the file counts them: the header is row 1.' }),
    position: integer({ label: 'Column Number' }),
    column: char({ label: 'Column' }),
    value: char({ label: 'Value' }),
    message: text({ label: 'Message', required: true }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'ir.import': IrImport
    'ir.import.line': IrImportLine
    'ir.import.error': IrImportError
  }
  interface IrImport extends ModelFields<typeof ir_import> {}
  interface IrImportLine extends ModelFields<typeof ir_import_line> {}
  interface IrImportError extends ModelFields<typeof ir_import_error> {}
}
