export { checkAddress } from './address.ts'
export { Mailer, type MailerOptions, type MailSettings } from './mailer.ts'
export { resendMail, sendMail, type Address, type Mail } from './outbox.ts'
export { fillTemplate, type MailText } from './template.ts'
