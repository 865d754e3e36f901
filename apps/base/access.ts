import { type Access, all, grant, guard, protect, prove } from '@erp4/orm'
import { administrator, anonymous, contactManager, employee, nobody, portal, userManager } from './groups.ts'
import type { models } from './models.ts'

type Own = (typeof models)[number]['name']

/** What apps say of their fields, and people of theirs do not. */
const toldByApps = [
  'related',
  'relation_field',
  'modules',
  'readonly',
  'translate',
  'company_dependent',
  'index',
  'copied',
  'store',
] as const

export const access: Access<Own> = {
  'res.partner': [
    guard((me) => [['company_id', 'in', [...me.company_ids, null]]]),
    grant(employee, ['read']),
    // A colleague's own contact is his and the administrator's: whoever could change its mail address could take his account.
    grant(employee, ['write'], (me) => [['id', '=', me.partner_id]]),
    grant(contactManager, ['create', 'write', 'unlink'], () => [['user_ids', 'not any', []]]),
    grant(userManager, all),
    grant(portal, ['read'], (me) => [['commercial_partner_id', '=', me.commercial_partner_id]]),
    protect(['comment', 'category_id', 'user_id', 'customer_rank', 'supplier_rank', 'ref', 'color', 'barcode'], employee),
  ],
  'res.partner.category': [grant(employee, ['read']), grant(contactManager, all)],
  'res.partner.bank': [
    guard((me) => [['partner_id.company_id', 'in', [...me.company_ids, null]]]),
    grant(employee, ['read']),
    grant(contactManager, all),
  ],
  'res.bank': [grant(employee, ['read']), grant(contactManager, all)],

  'res.users': [
    guard((me) => ['|', ['id', '=', me.id], ['company_ids', 'in', me.company_ids]]),
    // The last one must stay, so each is archived or leaves the group first, which is where that is checked.
    guard(() => [['group_ids', 'not any', [['all_implied_ids.key', '=', 'base.group_system']]]], ['unlink']),
    grant(employee, ['read']),
    grant(employee, ['write'], (me) => [['id', '=', me.id]]),
    grant(portal, ['read', 'write'], (me) => [['id', '=', me.id]]),
    grant(userManager, all),
    protect(['login', 'active', 'active_partner', 'partner_id', 'group_ids', 'company_ids'], userManager, ['create', 'write']),
    // A new user may come with a first one, as programs make them. From then on its owner chooses it, with the old one or a link from a mail
    // (`change_password`, `invite`): an administrator can send the link, and no more.
    protect(['password'], userManager, ['create']),
    protect(['password'], nobody, ['write']),
    protect(['sec_version', 'security_email'], nobody),
    prove(['login', 'password', 'group_ids', 'company_ids']),
  ],
  'res.groups': [
    grant(employee, ['read']),
    grant(portal, ['name']),
    grant(userManager, ['write']),
    prove(['user_ids']),
    // Groups are what the code says they are; only who is in them is decided here.
    protect(['name', 'key', 'comment', 'share', 'implied_ids', 'all_implied_ids'], nobody, ['create', 'write']),
  ],
  'res.company': [
    grant(employee, ['read'], (me) => [['id', 'in', me.company_ids]]),
    grant(portal, ['name'], (me) => [['id', 'in', me.company_ids]]),
    grant(userManager, all),
  ],
  'res.users.apikeys': [
    grant(employee, ['read', 'unlink'], (me) => [['user_id', '=', me.id]]),
    grant(portal, ['read', 'unlink'], (me) => [['user_id', '=', me.id]]),
    grant(userManager, ['read', 'unlink']),
  ],
  'res.users.apikeys.description': [
    grant(employee, all, (me) => [['create_uid', '=', me.id]]),
    grant(portal, all, (me) => [['create_uid', '=', me.id]]),
  ],
  'res.users.identitycheck': [
    grant(employee, ['read', 'write'], (me) => [['create_uid', '=', me.id]]),
    grant(portal, ['read', 'write'], (me) => [['create_uid', '=', me.id]]),
    protect(['request'], nobody, ['create', 'write']),
  ],

  'res.country': [grant(employee, ['read']), grant(portal, ['read']), grant(anonymous, ['read']), grant(administrator, all)],
  'res.country.group': [grant(employee, ['read']), grant(portal, ['read']), grant(anonymous, ['read']), grant(administrator, all)],
  'res.country.state': [grant(employee, ['read']), grant(portal, ['read']), grant(anonymous, ['read']), grant(administrator, all)],
  'res.lang': [grant(employee, ['read']), grant(portal, ['read']), grant(anonymous, ['read']), grant(administrator, all)],
  'res.currency': [grant(employee, ['read']), grant(portal, ['read']), grant(anonymous, ['read']), grant(administrator, all)],
  'res.currency.rate': [
    // The current company's only, not those of all companies of the call: the newest visible rate is the rate.
    guard((me) => [['company_id', 'in', [me.company_id, null]]]),
    grant(employee, ['read']),
    grant(portal, ['read']),
    grant(administrator, all),
  ],

  'ir.model': [grant(employee, ['read'])],
  'ir.model.fields': [
    // Whoever a field is not for learns nowhere that there is one.
    grant(employee, ['read'], () => [['is_limited', '=', false]]),
    grant(administrator, ['read']),
    grant(administrator, ['create', 'write'], () => [['state', '=', 'manual']]),
    // What it is, it stays: values are kept by it. How it fares is for the actions of `custom-fields/` and the owner of the tables to say.
    protect(['name', 'model', 'model_id', 'ttype', 'relation'], nobody, ['write']),
    protect(['state', 'phase', 'problem', 'delete_after', 'is_limited', ...toldByApps], nobody, ['create', 'write']),
  ],
  'ir.model.fields.selection': [
    grant(employee, ['read'], () => [['field_id.is_limited', '=', false]]),
    grant(administrator, ['read']),
    grant(administrator, ['create', 'write'], () => [['field_id.state', '=', 'manual']]),
    protect(['value', 'field_id'], nobody, ['write']),
  ],
  'ir.model.access': [grant(employee, ['read'])],
  'ir.model.data': [
    grant(employee, ['read'], () => [['model', 'in', shared]]),
    grant(portal, ['read'], () => [['model', 'in', shared]]),
    grant(administrator, all),
    protect(['demo'], nobody, ['create', 'write']),
  ],
  'ir.module.module': [grant(employee, ['read'])],
  'ir.sequence': [guard((me) => [['company_id', 'in', [...me.company_ids, null]]]), grant(employee, ['read']), grant(administrator, all)],
  // The rules of signing in are among them: without a cooldown passwords can be guessed.
  'ir.config_parameter': [grant(administrator, all), prove(['key', 'value'])],
  'ir.filters': [
    grant(employee, ['read'], (me) => [['user_id', 'in', [me.id, null]]]),
    grant(employee, ['create', 'write', 'unlink'], (me) => [['user_id', '=', me.id]]),
    // A shared one stays its maker's to change; an administrator tidies up.
    grant(employee, ['create', 'write', 'unlink'], (me) => [
      ['user_id', '=', null],
      ['create_uid', '=', me.id],
    ]),
    grant(administrator, ['write', 'unlink'], () => [['user_id', '=', null]]),
  ],
  'ir.view.choice': [guard((me) => [['user_id', '=', me.id]]), grant(employee, all)],
  // The server writes what it does for people; they look at their own, and fetch their files.
  'ir.import': [
    grant(employee, ['read'], (me) => [['create_uid', '=', me.id]]),
    grant(administrator, ['read', 'unlink']),
    protect(['job', 'next_row', 'caller'], nobody),
  ],
  'ir.import.line': [
    grant(employee, ['read'], (me) => [['import_id.create_uid', '=', me.id]]),
    grant(administrator, ['read']),
    // What records held is not for those who may no longer read them.
    protect(['before', 'left_at'], nobody),
  ],
  'ir.import.error': [grant(employee, ['read'], (me) => [['import_id.create_uid', '=', me.id]]), grant(administrator, ['read'])],
  'ir.export': [grant(employee, ['read'], (me) => [['create_uid', '=', me.id]]), protect(['job', 'asked'], nobody)],
  'ir.exports': [
    grant(employee, ['read'], (me) => [['user_id', 'in', [me.id, null]]]),
    grant(employee, ['create', 'write', 'unlink'], (me) => [['user_id', '=', me.id]]),
    grant(employee, ['create', 'write', 'unlink'], (me) => [
      ['user_id', '=', null],
      ['create_uid', '=', me.id],
    ]),
    grant(administrator, ['write', 'unlink'], () => [['user_id', '=', null]]),
  ],
  'ir.exports.line': [
    grant(employee, ['read'], (me) => [['export_id.user_id', 'in', [me.id, null]]]),
    grant(employee, ['create', 'write', 'unlink'], (me) => [['export_id.user_id', '=', me.id]]),
    grant(employee, ['create', 'write', 'unlink'], (me) => [
      ['export_id.user_id', '=', null],
      ['export_id.create_uid', '=', me.id],
    ]),
    grant(administrator, ['write', 'unlink'], () => [['export_id.user_id', '=', null]]),
  ],
  'ir.attachment': [
    guard((me) => [['company_id', 'in', [...me.company_ids, null]]]),
    // What hangs on nothing (yet) is its maker's own.
    guard((me) => ['|', '|', ['public', '=', true], ['create_uid', '=', me.id], '&', ['res_model', '!=', null], ['res_id', '>', 0]]),
    grant(employee, ['read', 'create']),
    // A public file is everybody's to read, and stays what its maker sent into the world.
    grant(employee, ['write', 'unlink'], (me) => ['|', ['create_uid', '=', me.id], '&', ['res_model', '!=', null], ['res_id', '>', 0]]),
    grant(administrator, ['write', 'unlink']),
    // Not every file that colleagues keep on a customer's document: what was sent to him with a message is `apps/mail`'s to say.
    grant(portal, ['read'], (me) => ['|', ['public', '=', true], ['create_uid', '=', me.id]]),
  ],
}

/** Models whose external ids everybody may look up: they name what is the same in every instance. Others' would tell which hidden ids exist. */
const shared = [
  'res.country',
  'res.country.group',
  'res.country.state',
  'res.currency',
  'res.lang',
  'res.groups',
  'ir.model',
  'ir.model.fields',
  'ir.module.module',
]
