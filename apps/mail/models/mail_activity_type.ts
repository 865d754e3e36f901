import { type ModelFields, boolean, char, integer, model, selection } from '@erp4/orm'

/** What there is to do: a call, a meeting, anything. */
export const mail_activity_type = model('mail.activity.type', {
  label: 'Activity Type',
  order: 'sequence, id',
  fields: {
    name: char({ required: true, translate: true }),
    summary: char({ label: 'Default Summary', translate: true }),
    sequence: integer({ default: 10 }),
    active: boolean({ default: true }),
    delay_count: integer({ label: 'Schedule', default: 0, help: 'Due so long after today.' }),
    delay_unit: selection({ days: 'days', weeks: 'weeks', months: 'months' }, { label: 'Delay units', required: true, default: 'days' }),
    icon: char(),
    category: selection(
      { default: 'None', upload_file: 'Upload Document', phonecall: 'Phonecall', meeting: 'Meeting' },
      { label: 'Action', default: 'default' },
    ),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'mail.activity.type': MailActivityType
  }
  interface MailActivityType extends ModelFields<typeof mail_activity_type> {}
}
