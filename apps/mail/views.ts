import { administrator } from '@erp4/base'
import { activity, calendar, form, list, menu, search } from '@erp4/orm'
import { test_smtp_connection } from './models/ir_mail_server.ts'
import { action_write_texts } from './models/mail_template.ts'

export const ir_mail_server_form = form('ir.mail_server', (v) => [
  v.header(v.button(test_smtp_connection, 'Test Connection', [], { primary: true })),
  v.title(v.field('name', { placeholder: 'Mail of our domain' })),
  v.columns(
    [v.field('smtp_host', { placeholder: 'smtp.example.com' }), 'smtp_port', v.field('smtp_encryption', { widget: 'radio' })],
    [
      'smtp_user',
      v.field('smtp_pass', { widget: 'secret' }),
      v.field('from_address', { widget: 'email', placeholder: 'office@example.com' }),
      'sequence',
      'active',
    ],
  ),
])

export const mail_template_form = form('mail.template', (v) => [
  v.header(v.button(action_write_texts, 'Write and Preview', [], { primary: true })),
  v.title(v.field('name', { placeholder: 'Reminder' })),
  v.columns(['model_id'], ['active']),
  v.columns([v.field('subject', { placeholder: 'Your order {{ name }}' })]),
  v.columns(['body_html']),
])

export const mail_activity_list = list('mail.activity', ['date_deadline', 'res_name', 'activity_type_id', 'summary', 'user_id'])

export const mail_activity_search = search('mail.activity', ['summary', 'res_name', 'user_id', 'activity_type_id'], (v) => [
  v.period('Due Date', 'date_deadline'),
  v.separator(),
  v.filter('Archived', [['active', '=', false]]),
  v.groupBy('Assigned to', 'user_id'),
  v.groupBy('Activity Type', 'activity_type_id'),
  v.groupBy('Due Date', 'date_deadline', 'week'),
])

export const views = [
  list('ir.mail_server', ['sequence', 'name', 'smtp_host', 'smtp_port', 'smtp_encryption', 'from_address']),
  ir_mail_server_form,
  list('mail.template', ['name', 'model_id', 'subject']),
  mail_template_form,
  mail_activity_list,
  calendar('mail.activity', ['res_name', 'activity_type_id', 'summary', 'user_id'], { from: ['date_deadline'], color: 'user_id' }),
  mail_activity_search,
  activity('res.partner', ['name', 'email', 'phone']),
  list('mail.activity.type', ['sequence', 'name', 'summary', 'delay_count', 'delay_unit', 'category'], { editable: true }),
]

const settings = { parent: 'Settings/Mail', groups: [administrator] }

export const menus = [
  menu('Mail Servers', 'ir.mail_server', { ...settings, sequence: 915, help: 'The server that letters leave by, with a test of it.' }),
  menu('Email Templates', 'mail.template', { ...settings, sequence: 916, help: 'What letters say, in each language.' }),
  menu('Activity Types', 'mail.activity.type', {
    ...settings,
    sequence: 917,
    help: 'Kinds of things to do about records: calls, meetings, reminders.',
  }),
]
