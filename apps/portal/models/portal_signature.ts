import { type ModelFields, UserError, binary, char, datetime, integer, json, many2one, model } from '@erp4/orm'

/**
 * That somebody accepted a document: who, when, from where, and what it said to the last letter. Written once. The file is made of it a
 * moment later, and that is the one thing that is added.
 */
export const portal_signature = model('portal.signature', {
  label: 'Signature',
  order: 'id desc',
  hangsOn: { model: 'res_model', id: 'res_id', rights: true },
  fields: {
    display_name: char({ compute: 'live' }),
    res_model: char({ label: 'Document Model', required: true, index: true }),
    res_id: integer({ label: 'Document', required: true, index: true, grouping: false }),
    partner_id: many2one('res.partner', { label: 'Recipient', ondelete: 'restrict' }),
    link_id: many2one('portal.link', { label: 'Link', ondelete: 'set null' }),
    user_id: many2one('res.users', { label: 'User', ondelete: 'set null' }),
    name: char({ label: 'Signed By', required: true }),
    email: char(),
    image: binary({ label: 'Signature', image: true }),
    signed_on: datetime({ label: 'Signed On', required: true }),
    address: char({ label: 'Network Address', required: true }),
    agent: char({ label: 'Browser' }),
    content_hash: char({ label: 'Hash of the Content', required: true, size: 64, index: true }),
    content: json({ label: 'Signed Content', required: true }),
    file: binary({ label: 'Signed File' }),
    file_hash: char({ label: 'Hash of the File', size: 64, index: true }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'portal.signature': PortalSignature
  }
  interface PortalSignature extends ModelFields<typeof portal_signature> {}
}

portal_signature.compute('display_name', ['name', 'signed_on'], (signature) => `${signature.name}, ${signature.signed_on.slice(0, 10)}`)

const evidence = [
  'res_model',
  'res_id',
  'partner_id',
  'name',
  'email',
  'image',
  'signed_on',
  'address',
  'agent',
  'content_hash',
  'content',
] as const

// Not even the system changes what was signed: whoever tries has a mistake in his code.
portal_signature.changed([...evidence], async (sys, _ids, operation) => {
  if (operation === 'write') throw new UserError(sys.t('What was signed stays as it is.'))
})
