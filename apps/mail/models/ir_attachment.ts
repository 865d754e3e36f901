import { type FieldsOf, extend, many2many } from '@erp4/orm'

/** Customers get the files that were sent to them with a message; those that colleagues keep on the same record stay among them. */
export const ir_attachment = extend('ir.attachment', {
  fields: { message_ids: many2many('mail.message', { label: 'Messages', inverse: 'attachment_ids' }) },
})

declare module '@erp4/orm/models' {
  interface IrAttachment extends FieldsOf<typeof ir_attachment> {}
}
