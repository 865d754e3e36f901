import { type ModelFields, boolean, char, datetime, html, integer, json, many2many, many2one, model, selection } from '@erp4/orm'

/**
 * Something that was said about a record: who may read the record may read it, unless it is a note and he is not a colleague. Messages are
 * made by `message_post` and `sendLetter` alone, and stay as they are.
 */
export const mail_message = model('mail.message', {
  label: 'Message',
  order: 'id desc',
  audit: false, // it is its own record of who said what and when
  hangsOn: { model: 'model', id: 'res_id', rights: true },
  fields: {
    subject: char(),
    body: html({ label: 'Contents' }),
    message_type: selection(
      {
        comment: 'Comment',
        email: 'Incoming Email',
        email_outgoing: 'Outgoing Email',
        notification: 'System notification',
        auto_comment: 'Automated Targeted Notification',
        user_notification: 'User Specific Notification',
      },
      { label: 'Type', required: true, default: 'comment' },
    ),
    subtype_id: many2one('mail.message.subtype', { label: 'Subtype', ondelete: 'restrict' }),
    is_internal: boolean({ label: 'Employee Only', help: 'Hidden to customers and suppliers.' }),
    model: char({ label: 'Related Document Model', index: true }),
    res_id: integer({ label: 'Related Document ID', index: true, grouping: false }),
    record_name: char({ label: 'Message Record Name' }),
    author_id: many2one('res.partner', { label: 'Author', index: true, ondelete: 'set null' }),
    email_from: char({ label: 'From' }),
    date: datetime({ required: true }),
    parent_id: many2one('mail.message', { label: 'Parent Message', ondelete: 'set null' }),
    partner_ids: many2many('res.partner', { label: 'Recipients', archived: true }),
    attachment_ids: many2many('ir.attachment', { label: 'Attachments' }),
    letters: json({ label: 'Letters', help: 'The numbers of the letters it went out in, and to whom.' }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'mail.message': MailMessage
  }
  interface MailMessage extends ModelFields<typeof mail_message> {}
}

const mostMine = 15

/** What others wrote to the caller himself, the newest first: for the bell above every page. What he may no longer read is not in it. */
export const my_messages = mail_message.action(
  'my_messages',
  { on: 'model', needs: 'read', readonly: true, returns: json({ required: true }) },
  async ({ env }) => {
    const found = await env.model('mail.message').find(
      [
        ['partner_ids', 'in', [env.user.partner_id]],
        ['author_id', '!=', env.user.partner_id],
      ],
      ['model', 'res_id', 'record_name', 'subject', 'author_id.name', 'email_from', 'date', 'subtype_id.internal'],
      { limit: mostMine },
    )
    return found.map((one) => ({
      id: one.id,
      model: one.model ?? '',
      res_id: one.res_id ?? 0,
      name: one.record_name ?? '',
      subject: one.subject ?? '',
      author: one.author_id?.name ?? one.email_from ?? '',
      date: one.date,
      isNote: one.subtype_id?.internal === true,
    }))
  },
)
