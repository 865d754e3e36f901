import { type ModelFields, char, integer, many2one, model } from '@erp4/orm'

/** Who gets a letter when something is said about a record. */
export const mail_followers = model('mail.followers', {
  label: 'Document Followers',
  order: 'id',
  hangsOn: { model: 'res_model', id: 'res_id', rights: true },
  unique: [{ fields: ['res_model', 'res_id', 'partner_id'], message: 'Follows already.' }],
  fields: {
    res_model: char({ label: 'Related Document Model', required: true }),
    res_id: integer({ label: 'Related Document ID', required: true, grouping: false }),
    partner_id: many2one('res.partner', { label: 'Related Partner', required: true, index: true, ondelete: 'cascade' }),
    name: char({ related: 'partner_id.name' }),
    email: char({ related: 'partner_id.email' }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'mail.followers': MailFollowers
  }
  interface MailFollowers extends ModelFields<typeof mail_followers> {}
}
