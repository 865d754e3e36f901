import { type ModelFields, char, datetime, integer, json, many2one, model, selection } from '@erp4/orm'

/** A link by which somebody without an account reads one document, in the version he was sent. Of its token only the hash is kept. */
export const portal_link = model('portal.link', {
  label: 'Link to a Document',
  order: 'id desc',
  hangsOn: { model: 'res_model', id: 'res_id', rights: true },
  unique: [['token_hash']],
  fields: {
    display_name: char({ compute: 'live' }),
    res_model: char({ label: 'Document Model', required: true, index: true }),
    res_id: integer({ label: 'Document', required: true, index: true, grouping: false }),
    purpose: selection({ sign: 'Read and accept', view: 'Read' }, { required: true, default: 'view' }),
    partner_id: many2one('res.partner', { label: 'Recipient', required: true, ondelete: 'cascade', index: true }),
    email: char({ label: 'Sent To', required: true }),
    token_hash: char({ secret: true, size: 64, copy: false, label: 'Hash of the Token' }),
    content_hash: char({ required: true, size: 64, label: 'Version', help: 'SHA-256 of what the recipient was sent.' }),
    offered: json({ label: 'Offered Options' }),
    letter: char({ size: 36, index: true }),
    expires: datetime({ required: true }),
    revoked_on: datetime({ label: 'Revoked On' }),
    state: selection({ open: 'Open', expired: 'Expired', revoked: 'Revoked' }, { compute: 'live', label: 'Status' }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'portal.link': PortalLink
  }
  interface PortalLink extends ModelFields<typeof portal_link> {}
}

portal_link.compute('display_name', ['email', 'expires'], (link) => `${link.email}, ${link.expires.slice(0, 10)}`)

portal_link.compute('state', ['expires', 'revoked_on'], (link) =>
  link.revoked_on !== null ? 'revoked' : link.expires < new Date().toISOString().slice(0, 19).replace('T', ' ') ? 'expired' : 'open',
)
