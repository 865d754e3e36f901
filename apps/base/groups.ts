import { type Group, group } from '@erp4/orm'

export const employee = group('base.group_user', {
  label: 'Internal user',
  help: 'Works in the company: sees contacts and the shared lists.',
})

export const portal = group('base.group_portal', {
  label: 'Portal',
  help: 'A customer or supplier: sees the documents and contacts of his own company.',
})

export const anonymous = group('base.group_public', { label: 'Public', help: 'A visitor who has not signed in.' })

export const contactManager = group('base.group_partner_manager', {
  label: 'Contacts: editor',
  help: 'Creates, changes and deletes contacts, but not those of people who sign in here.',
  implies: [employee],
})

export const multiCompany = group('base.group_multi_company', { label: 'Several companies', help: 'Is shown company fields.' })

export const userManager = group('base.group_erp_manager', {
  label: 'Administration: access rights',
  help: 'Creates users and companies and gives any right to anybody, himself included.',
  implies: [contactManager],
})

export const administrator = group('base.group_system', {
  label: 'Administration: settings',
  help: 'Changes settings: parameters, languages, currencies, sequences.',
  implies: [userManager],
})

/**
 * Whom a field is protected for that only the software itself may set. `syncMetadata` makes no record of this group, so nobody can
 * be put in it.
 */
export const nobody: Group = group('base.nobody', { label: 'Nobody' })

export const groups = [employee, portal, anonymous, contactManager, multiCompany, userManager, administrator, nobody]
