import { form, kanban, list, menu, search } from '@erp4/orm'
import { open_devices } from './devices.ts'
import { administrator, userManager } from './groups.ts'
import { action_reset_password } from './models/res_users.ts'
import { make_key } from './models/res_users_apikeys_description.ts'
import { open_rights } from './rights-change.ts'

export const res_partner_list = list('res.partner', (v) => [
  v.field('display_name', { label: 'Name' }),
  v.field('email'),
  v.field('phone'),
  v.field('city'),
  v.field('country_id'),
  v.field('category_id'),
  v.field('user_id', { optional: 'shown' }),
  v.field('function', { optional: 'hidden' }),
  v.field('vat', { optional: 'hidden' }),
])

export const res_partner_kanban = kanban('res.partner', ['name', 'parent_id', 'function', 'email', 'phone', 'city', 'category_id'], {
  cover: 'image_1920',
  quick: ['name', 'email'],
})

export const res_partner_form = form('res.partner', (v) => [
  v.title(v.field('name', { placeholder: 'Name of the person or company', required: [['type', '=', 'contact']] }), v.field('image_1920')),
  v.columns(
    [
      v.field('company_type', { widget: 'radio' }),
      v.field('parent_id', { when: [['company_type', '=', 'person']], placeholder: 'Where this person works' }),
      v.field('type', { when: [['parent_id', '!=', null]] }),
      v.field('function', { when: [['company_type', '=', 'person']] }),
      'category_id',
    ],
    [v.field('email', { widget: 'email' }), v.field('phone', { widget: 'phone' }), v.field('website', { widget: 'url' }), 'lang'],
  ),
  v.columns(['street', 'street2', 'city', 'state_id', 'zip', 'country_id'], ['vat', 'company_registry', 'ref', 'user_id', 'company_id']),
  v.tab('Contacts & Addresses', v.lines('child_ids', ['name', 'type', 'function', 'email', 'phone'])),
  v.tab('Bank Accounts', v.lines('bank_ids', ['acc_number', 'bank_id', 'acc_holder_name', 'currency_id'])),
  v.tab('Notes', v.columns(['comment'])),
])

export const res_partner_search = search(
  'res.partner',
  [{ tag: 'field', field: 'display_name', label: 'Name' }, 'email', 'phone', 'city', 'category_id', 'parent_id', 'vat', 'ref'],
  (v) => [
    v.filter('Companies', [['is_company', '=', true]]),
    v.filter('Individuals', [['is_company', '=', false]]),
    v.separator(),
    v.filter('Archived', [['active', '=', false]]),
    v.groupBy('Salesperson', 'user_id'),
    v.groupBy('Company', 'parent_id'),
    v.groupBy('Country', 'country_id'),
    v.groupBy('State', 'state_id'),
    v.period('Created on', 'create_date'),
    v.groupBy('Created on', 'create_date', 'month'),
  ],
)

export const res_partner_category_list = list('res.partner.category', ['name', 'parent_id', 'color'], { editable: true })

export const res_partner_category_form = form('res.partner.category', (v) => [
  v.columns(['name', 'parent_id'], ['color', 'active']),
  v.tab('Child Tags', v.lines('child_ids', ['name', 'color'])),
])

export const res_users_list = list('res.users', (v) => [
  v.field('name'),
  v.field('login'),
  v.field('group_ids', { optional: 'shown' }),
  v.field('company_id'),
  v.field('lang', { optional: 'hidden' }),
  v.field('share', { optional: 'hidden' }),
])

// Rights are changed in a dialogue of their own, which tells what would become of them before it happens.
export const res_users_form = form('res.users', (v) => [
  v.header(
    v.button(action_reset_password, 'Send a Password Link', [['active', '=', true]], {
      confirm: 'Send a mail with a link to choose a password?',
      only: userManager,
    }),
    v.button(open_rights, 'Change Rights…', [], { only: userManager }),
    v.button(open_devices, 'Devices…', [], { only: userManager }),
  ),
  v.link('API Keys', 'res.users.apikeys', 'user_id', { icon: 'key' }),
  v.title(v.field('name', { placeholder: 'Name', required: true })),
  v.columns(
    ['login', v.field('email', { widget: 'email' }), v.field('phone', { widget: 'phone' })],
    ['lang', 'tz', 'company_id', 'company_ids'],
  ),
  v.tab('Access Rights', v.columns([v.field('group_ids', { readonly: true })])),
  v.tab('Signature', v.columns(['signature'])),
])

export const res_users_search = search('res.users', ['name', 'login', 'email', 'company_ids', 'group_ids'], (v) => [
  v.filter('Internal Users', [['share', '=', false]]),
  v.filter('Portal Users', [['share', '=', true]]),
  v.filter('Archived', [['active', '=', false]]),
])

export const res_groups_form = form('res.groups', (v) => [
  v.title('name'),
  v.columns(['comment'], ['implied_ids', 'key']),
  v.tab('Users', v.columns([v.field('user_ids', { readonly: true })])),
])

export const res_company_form = form('res.company', (v) => [
  v.title(v.field('name', { required: true }), v.field('logo')),
  v.columns(
    ['street', 'street2', 'city', 'state_id', 'zip', 'country_id'],
    ['currency_id', 'email', 'phone', 'website', 'vat', 'company_registry', 'parent_id'],
  ),
  v.tab('Branches', v.lines('child_ids', ['name', 'currency_id', 'city'])),
])

export const res_lang_form = form('res.lang', (v) => [
  v.title('name'),
  v.columns(['code', 'iso_code', 'active'], ['direction', 'week_start']),
  v.columns(['date_format', 'time_format'], ['grouping', 'decimal_point', 'thousands_sep']),
])

export const ir_sequence_form = form('ir.sequence', (v) => [
  v.title('name'),
  v.columns(['prefix', 'padding', 'suffix'], ['number_next', 'number_increment', 'implementation']),
  v.columns(['code'], ['company_id', 'active']),
])

export const res_currency_form = form('res.currency', (v) => [
  v.columns(['name', 'full_name', 'active'], ['symbol', 'position', 'decimal_places', 'rate']),
  v.tab('Rates', v.lines('rate_ids', ['name', 'rate', 'company_id'])),
])

export const res_country_form = form('res.country', (v) => [
  v.columns(['name', 'code'], ['phone_code', 'currency_id']),
  v.tab('States', v.lines('state_ids', ['name', 'code'])),
])

export const res_users_apikeys_description_form = form('res.users.apikeys.description', (v) => [
  v.columns(['name'], ['duration', 'expiration_date']),
  v.header(v.button(make_key, 'Generate Key')),
])

export const views = [
  res_partner_list,
  res_partner_kanban,
  res_partner_form,
  res_partner_search,
  res_partner_category_list,
  res_partner_category_form,
  res_users_list,
  res_users_form,
  res_users_search,
  list('res.groups', ['name', 'comment']),
  res_groups_form,
  list('res.company', ['name', 'partner_id', 'currency_id', 'country_id']),
  res_company_form,
  list('res.currency', ['name', 'full_name', 'symbol', 'rate', 'date', 'active']),
  res_currency_form,
  list('res.country', ['name', 'code', 'phone_code', 'currency_id']),
  res_country_form,
  list('res.lang', ['name', 'code', 'iso_code', 'direction', 'active']),
  res_lang_form,
  ir_sequence_form,
  list('res.users.apikeys', ['name', 'user_id', 'create_date', 'expiration_date', 'last_used']),
  res_users_apikeys_description_form,
  list('ir.sequence', ['name', 'code', 'prefix', 'padding', 'number_next', 'company_id']),
  list('ir.config_parameter', ['key', 'value']),
  list('ir.import', ['name', 'res_model', 'create_uid', 'create_date', 'state', 'total', 'created', 'updated', 'failed']),
  list('ir.module.module', ['shortdesc', 'name', 'latest_version', 'state']),
]

const people = { parent: 'Settings/People', groups: [userManager] }
const company = { parent: 'Settings/Company', groups: [userManager] }
const money = { parent: 'Settings/Money', groups: [administrator] }
const regions = { parent: 'Settings/Regions', groups: [administrator] }
const technical = { parent: 'Settings/Technical', groups: [administrator] }

export const menus = [
  menu('Users', 'res.users', {
    ...people,
    sequence: 900,
    icon: 'settings',
    help: 'Who signs in: invite people, change their rights, end their sessions, archive those who left.',
  }),
  menu('Groups', 'res.groups', { ...people, sequence: 901, help: 'What the groups let people do, and who is in them.' }),
  menu('API Keys', 'res.users.apikeys', {
    ...people,
    sequence: 902,
    help: 'Keys with which programs sign in, whose they are and when they were last used.',
  }),
  menu('Companies', 'res.company', { ...company, sequence: 910, help: 'Names, addresses, numbers and logos on documents, and branches.' }),
  menu('Currencies', 'res.currency', {
    ...money,
    sequence: 920,
    help: 'Currencies in use, their rates by day, and how amounts are rounded.',
  }),
  menu('Languages', 'res.lang', { ...regions, sequence: 930, help: 'Languages in use, and how each writes dates and numbers.' }),
  menu('Countries', 'res.country', { ...regions, sequence: 931, help: 'Countries, their states and their currencies.' }),
  menu('Custom Fields', 'ir.model.fields', {
    ...technical,
    sequence: 939,
    help: 'Fields of your own on contacts, products and documents.',
    where: [['state', '=', 'manual']],
  }),
  menu('Sequences', 'ir.sequence', { ...technical, sequence: 940, help: 'How documents are numbered: prefix, digits, next number.' }),
  menu('System Parameters', 'ir.config_parameter', { ...technical, sequence: 941, help: 'Everything else that can be set, by its name.' }),
  menu('Apps', 'ir.module.module', { ...technical, sequence: 942, help: 'Which apps this instance has, and in which version.' }),
  menu('Imports', 'ir.import', { ...technical, sequence: 943, help: 'Which files were imported, by whom, and what became of them.' }),
]
