import { res_partner_form } from '@erp4/base'
import { alter, menu } from '@erp4/orm'

/** Base shows the form; this app adds what it knows more of a contact. */
export const contacts_partner_form = alter(res_partner_form, (v) => [v.after('website', 'contact_count')])

export const views = [contacts_partner_form]

export const menus = [
  menu('Contacts', 'res.partner', { sequence: 20 }),
  menu('Contact Tags', 'res.partner.category', { parent: 'Contacts', sequence: 21 }),
  menu('Banks', 'res.bank', { parent: 'Contacts', sequence: 22 }),
  menu('Bank Accounts', 'res.partner.bank', { parent: 'Contacts', sequence: 23 }),
]
