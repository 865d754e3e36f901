import { app } from '@erp4/orm'
import { access } from './access.ts'
import { loadDemoData } from './demo.ts'
import { groups } from './groups.ts'
import { languageNamesInKorean } from './data/languages.ts'
import { korean } from './i18n/ko.ts'
import { loadStandardData } from './load.ts'
import { models } from './models.ts'
import { steps } from './steps.ts'
import { menus, views } from './views.ts'

export { tellOwner } from './account-news.ts'
export { letAdministratorIn } from './administrators.ts'
export * from './custom-fields/index.ts'
export * from './demo.ts'
export { devices, end_sessions, open_devices } from './devices.ts'
export * from './demo-removal.ts'
export * from './exchange.ts'
export { explain_access } from './explanation.ts'
export { idOf, loadNamed } from './external-ids.ts'
export * from './groups.ts'
export { invite } from './invitations.ts'
export * from './load.ts'
export * from './metadata.ts'
export { type ReachChange, open_rights, preview_groups, reachChanges } from './rights-change.ts'
export * from './models/ir_attachment.ts'
export * from './models/ir_config_parameter.ts'
export * from './models/ir_export.ts'
export * from './models/ir_filters.ts'
export * from './models/ir_import.ts'
export * from './models/ir_model.ts'
export * from './models/ir_model_access.ts'
export * from './models/ir_model_data.ts'
export * from './models/ir_model_fields.ts'
export * from './models/ir_module_module.ts'
export * from './models/ir_sequence.ts'
export { ir_view_choice, keep } from './models/ir_view_choice.ts'
export * from './models/res_bank.ts'
export * from './models/res_company.ts'
export * from './models/res_country.ts'
export * from './models/res_country_group.ts'
export * from './models/res_country_state.ts'
export * from './models/res_currency.ts'
export * from './models/res_currency_rate.ts'
export * from './models/res_groups.ts'
export * from './models/res_lang.ts'
export * from './models/res_partner.ts'
export * from './models/res_partner_bank.ts'
export * from './models/res_partner_category.ts'
export * from './models/res_users.ts'
export * from './models/res_users_apikeys.ts'
export * from './models/res_users_apikeys_description.ts'
export * from './models/res_users_identitycheck.ts'
export { isReadable } from './rights.ts'
export * from './views.ts'

/** What every other app stands on: contacts, users, companies, countries, currencies, languages, and the system's own records. */
export const base = app({
  name: 'base',
  label: 'Base',
  models,
  groups,
  access,
  views,
  menus,
  i18n: { ko_KR: { ...languageNamesInKorean, ...korean } },
  data: loadStandardData,
  examples: loadDemoData,
  steps,
})
