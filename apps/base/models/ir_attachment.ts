import { type ModelFields, binary, boolean, char, integer, many2one, model, selection, text } from '@erp4/orm'

/** A file, or a link, on a record: who may see the record may see it. Without a record it is its maker's own. */
export const ir_attachment = model('ir.attachment', {
  label: 'Attachment',
  order: 'id desc',
  hangsOn: { model: 'res_model', id: 'res_id', rights: true },
  fields: {
    name: char({ required: true }),
    description: text(),
    res_model: char({ label: 'Resource Model', index: true }),
    res_field: char({ label: 'Resource Field' }),
    res_id: integer({ label: 'Resource ID', index: true }),
    company_id: many2one('res.company', { default: (env) => env.me.company_id }),
    type: selection({ url: 'URL', binary: 'File' }, { required: true, default: 'binary' }),
    url: char(),
    public: boolean({ label: 'Is a Public Document', help: 'Anybody who has the address may fetch it.' }),
    access_token: char({ secret: true, copy: false }),
    raw: binary({ label: 'File Content' }),
    datas: binary({ related: 'raw', label: 'File Content (base64)' }),
    file_size: integer({ readonly: true }),
    checksum: char({ label: 'Checksum/SHA1', size: 64, readonly: true, index: true }),
    mimetype: char({ label: 'Mime Type', readonly: true }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'ir.attachment': IrAttachment
  }
  interface IrAttachment extends ModelFields<typeof ir_attachment> {}
}

ir_attachment.constrain(['type', 'url'], (file) => file.type !== 'url' || file.url !== null || 'A link needs its address.')

ir_attachment.constrain(
  ['url'],
  (file) => file.url === null || /^(https?:\/\/|\/(?!\/))/i.test(file.url) || 'An address begins with https://, http:// or /.',
)
