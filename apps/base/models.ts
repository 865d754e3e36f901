import { ir_attachment } from './models/ir_attachment.ts'
import { ir_config_parameter } from './models/ir_config_parameter.ts'
import { ir_export, ir_exports, ir_exports_line } from './models/ir_export.ts'
import { ir_filters } from './models/ir_filters.ts'
import { ir_import, ir_import_error, ir_import_line } from './models/ir_import.ts'
import { ir_model } from './models/ir_model.ts'
import { ir_model_access } from './models/ir_model_access.ts'
import { ir_model_data } from './models/ir_model_data.ts'
import { ir_model_fields, ir_model_fields_selection } from './models/ir_model_fields.ts'
import { ir_module_module } from './models/ir_module_module.ts'
import { ir_sequence } from './models/ir_sequence.ts'
import { ir_view_choice } from './models/ir_view_choice.ts'
import { res_bank } from './models/res_bank.ts'
import { res_company } from './models/res_company.ts'
import { res_country } from './models/res_country.ts'
import { res_country_group } from './models/res_country_group.ts'
import { res_country_state } from './models/res_country_state.ts'
import { res_currency } from './models/res_currency.ts'
import { res_currency_rate } from './models/res_currency_rate.ts'
import { res_groups } from './models/res_groups.ts'
import { res_lang } from './models/res_lang.ts'
import { res_partner } from './models/res_partner.ts'
import { res_partner_bank } from './models/res_partner_bank.ts'
import { res_partner_category } from './models/res_partner_category.ts'
import { res_users } from './models/res_users.ts'
import { res_users_apikeys } from './models/res_users_apikeys.ts'
import { res_users_apikeys_description } from './models/res_users_apikeys_description.ts'
import { res_users_identitycheck } from './models/res_users_identitycheck.ts'

/** The models of this app, in the order in which their tables are looked at. */
export const models = [
  ir_attachment,
  ir_config_parameter,
  ir_export,
  ir_exports,
  ir_exports_line,
  ir_filters,
  ir_import,
  ir_import_error,
  ir_import_line,
  ir_model,
  ir_model_access,
  ir_model_data,
  ir_model_fields,
  ir_model_fields_selection,
  ir_module_module,
  ir_sequence,
  ir_view_choice,
  res_bank,
  res_company,
  res_country,
  res_country_group,
  res_country_state,
  res_currency,
  res_currency_rate,
  res_groups,
  res_lang,
  res_partner,
  res_partner_bank,
  res_partner_category,
  res_users,
  res_users_apikeys,
  res_users_apikeys_description,
  res_users_identitycheck,
] as const
