import { res_partner_form } from '@erp4/base'
import { alter, menu } from '@erp4/orm'

/** Base shows the form; this app adds the way to a company's people. */
export const contacts_partner_form = alter(res_partner_form, (v) => [
  v.link('Contacts', 'res.partner', 'parent_id', { count: 'contact_count', icon: 'users' }),
])

export const views = [contacts_partner_form]

export const menus = [
  menu('Contacts', 'res.partner', { sequence: 20, icon: 'contacts' }),
  menu('Contact Tags', 'res.partner.category', { parent: 'Contacts/Configuration', sequence: 21 }),
  menu('Banks', 'res.bank', { parent: 'Contacts/Configuration', sequence: 22 }),
  menu('Bank Accounts', 'res.partner.bank', { parent: 'Contacts/Configuration', sequence: 23 }),
]
