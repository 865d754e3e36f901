import { type ModelFields, boolean, char, integer, model } from '@erp4/orm'

/** What kind of a message it is: a comment that goes to the followers, a note among colleagues, an activity that was done. */
export const mail_message_subtype = model('mail.message.subtype', {
  label: 'Message Subtype',
  order: 'sequence, id',
  fields: {
    name: char({ required: true, translate: true }),
    sequence: integer({ default: 1 }),
    internal: boolean({ label: 'Internal Only', help: 'Seen by colleagues alone.' }),
    default: boolean({ default: true }),
    hidden: boolean(),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'mail.message.subtype': MailMessageSubtype
  }
  interface MailMessageSubtype extends ModelFields<typeof mail_message_subtype> {}
}
