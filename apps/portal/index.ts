import { base } from '@erp4/base'
import { mail } from '@erp4/mail'
import { app } from '@erp4/orm'
import { access } from './access.ts'
import { res_partner_access } from './accounts.ts'
import { desk } from './desk.ts'
import { korean } from './i18n/ko.ts'
import { models } from './models.ts'
import { views } from './views.ts'

export * from './accounts.ts'
export * from './compose.ts'
export * from './letters.ts'
export * from './links.ts'
export * from './models/portal_link.ts'
export * from './models/portal_signature.ts'

/** What people outside see: documents by signed links and as portal users, their answers, and the proof of what they signed. */
export const portal = app({
  name: 'portal',
  label: 'Portal',
  depends: [base, mail],
  models,
  extensions: [res_partner_access],
  access,
  views,
  desk,
  i18n: { ko_KR: korean },
})
