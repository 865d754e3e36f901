import { app } from '@erp4/orm'
import { base } from '@erp4/base'
import { korean } from './i18n/ko.ts'
import { res_partner } from './models/res_partner.ts'
import { steps } from './steps.ts'
import { menus, views } from './views.ts'

export * from './models/res_partner.ts'
export * from './views.ts'

/** The address book on top of base's contacts: its menu, its views, and what one does with a pile of contacts. */
export const contacts = app({
  name: 'contacts',
  label: 'Contacts',
  depends: [base],
  models: [],
  extensions: [res_partner],
  access: {},
  views,
  menus,
  i18n: { ko_KR: korean },
  steps,
})
