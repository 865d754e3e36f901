import { createHash } from 'node:crypto'
import { type Env, type ModelFields, binary, boolean, char, integer, many2one, model, selection, text } from '@erp4/orm'

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
    res_id: integer({ label: 'Resource ID', index: true, grouping: false }),
    company_id: many2one('res.company', { default: (env) => env.me.company_id }),
    type: selection({ url: 'URL', binary: 'File' }, { required: true, default: 'binary' }),
    url: char(),
    public: boolean({ label: 'Is a Public Document', help: 'Anybody who has the address may fetch it.' }),
    access_token: char({ secret: true, copy: false }),
    raw: binary({ label: 'File Content' }),
    datas: binary({ related: 'raw', label: 'File Content (base64)' }),
    file_size: integer({ readonly: true }),
    checksum: char({ size: 64, readonly: true, index: true, help: 'SHA-256 of the content.' }),
    mimetype: char({ label: 'Mime Type', readonly: true }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'ir.attachment': IrAttachment
  }
  interface IrAttachment extends ModelFields<typeof ir_attachment> {}
}

/** What a file is, and how much of it, is told by its content; what an uploader says of it counts for nothing. */
ir_attachment.changed(['raw', 'datas', 'file_size', 'checksum', 'mimetype'], async (sys, ids) => {
  const files = await sys.model('ir.attachment').browse(ids).read(['raw', 'file_size', 'checksum', 'mimetype'])
  const told = new Map<number, Facts>()
  for (const { id, raw, ...said } of files) {
    const facts = raw === null ? nothing : await factsOf(sys, raw)
    if (said.file_size !== facts.file_size || said.checksum !== facts.checksum || said.mimetype !== facts.mimetype) told.set(id, facts)
  }
  if (told.size > 0)
    await sys
      .model('ir.attachment')
      .browse([...told.keys()])
      .write((id) => told.get(id)!)
})

interface Facts {
  readonly file_size: number | null
  readonly checksum: string | null
  readonly mimetype: string | null
}

const nothing: Facts = { file_size: null, checksum: null, mimetype: null }

async function factsOf({ call, cx }: Env<true>, blob: string): Promise<Facts> {
  if (!call.blobs) throw new Error('This call has no file store')
  const content = await call.blobs.get(cx, blob)
  const checksum = createHash('sha256').update(content).digest('hex')
  return { file_size: content.byteLength, checksum, mimetype: await call.blobs.type(cx, blob) }
}

ir_attachment.constrain(['type', 'url'], (file) => file.type !== 'url' || file.url !== null || 'A link needs its address.')

ir_attachment.constrain(
  ['url'],
  (file) => file.url === null || /^(https?:\/\/|\/(?!\/))/i.test(file.url) || 'An address begins with https://, http:// or /.',
)
