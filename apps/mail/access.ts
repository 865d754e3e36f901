import { administrator, employee, nobody, portal } from '@erp4/base'
import { type Access, all, grant, protect, prove } from '@erp4/orm'
import type { models } from './models.ts'

type Own = (typeof models)[number]['name']

// What hangs on a record is read by who may read the record: `hangsOn` of the models says so, in the SQL of every statement.
export const access: Access<Own> = {
  'mail.message': [
    grant(employee, ['read']),
    // Never a note, nor what the system or an activity wrote down for colleagues.
    grant(portal, ['read'], () => [
      ['is_internal', '=', false],
      ['message_type', 'in', ['comment', 'email', 'email_outgoing']],
    ]),
  ],
  'mail.message.subtype': [grant(employee, ['read']), grant(portal, ['read'], () => [['internal', '=', false]])],
  'mail.followers': [grant(employee, ['read'])],
  'mail.activity': [
    grant(employee, all),
    // It stays where it was planned: what is told about it names that record.
    protect(['res_model_id', 'res_model', 'res_id'], nobody, ['write']),
  ],
  'mail.activity.type': [grant(employee, ['read']), grant(administrator, all)],
  'mail.template': [
    grant(employee, ['read']),
    grant(administrator, all),
    // What a template came with is its app's to say.
    protect(['original'], nobody, ['create', 'write']),
  ],
  'ir.mail_server': [
    grant(administrator, all),
    // Whoever's server the letters go through reads the links by which passwords are chosen.
    prove(['smtp_host', 'smtp_port', 'smtp_encryption', 'smtp_user', 'smtp_pass', 'from_address', 'sequence', 'active']),
  ],
  // Files on a record that a customer may see are his only when they came with a message to him.
  'ir.attachment': [grant(portal, ['read'], () => [['message_ids', 'any', [['is_internal', '=', false]]]])],
}
