import { base } from '@erp4/base'
import { app } from '@erp4/orm'
import { access } from './access.ts'
import { loadMailData } from './data.ts'
import { korean } from './i18n/ko.ts'
import { models } from './models.ts'
import { ir_attachment } from './models/ir_attachment.ts'
import { res_partner_thread } from './models/res_partner.ts'
import { menus, views } from './views.ts'

export { type LetterRequest, type LetterText, sendLetter } from './letters.ts'
export * from './models/ir_mail_server.ts'
export * from './models/mail_activity.ts'
export * from './models/mail_activity_type.ts'
export * from './models/mail_followers.ts'
export * from './models/mail_message.ts'
export * from './models/mail_message_subtype.ts'
export * from './models/mail_template.ts'
export * from './models/res_partner.ts'
export {
  type MessageKind,
  type NewFile,
  type Post,
  type Posted,
  type SentLetter,
  type Subject,
  demandRecipients,
  post,
  takeFiles,
} from './posting.ts'
export { type Recipient, recipientsOf } from './recipients.ts'
export { type StandardTemplate, type Text, type Texts, loadTemplates } from './template-texts.ts'
export { type Rendered, type RenderOptions, renderTemplate, renderText } from './templates.ts'
export { type ThreadFields, hasThread, thread } from './thread.ts'
export * from './views.ts'

/** Messages, followers, activities and letters on records, and the templates and server that letters are written and sent by. */
export const mail = app({
  name: 'mail',
  label: 'Messages',
  depends: [base],
  models,
  extensions: [ir_attachment, res_partner_thread],
  access,
  views,
  menus,
  i18n: { ko_KR: korean },
  data: loadMailData,
})
