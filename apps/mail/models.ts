import { ir_mail_server } from './models/ir_mail_server.ts'
import { mail_activity } from './models/mail_activity.ts'
import { mail_activity_type } from './models/mail_activity_type.ts'
import { mail_followers } from './models/mail_followers.ts'
import { mail_message } from './models/mail_message.ts'
import { mail_message_subtype } from './models/mail_message_subtype.ts'
import { mail_template } from './models/mail_template.ts'

export const models = [
  ir_mail_server,
  mail_activity,
  mail_activity_type,
  mail_followers,
  mail_message,
  mail_message_subtype,
  mail_template,
] as const
