import { res_partner_form } from '@erp4/base'
import { alter, form, list, search } from '@erp4/orm'
import { action_portal_access } from './accounts.ts'
import { action_revoke } from './links.ts'

export const portal_link_list = list('portal.link', (v) => [
  v.field('create_date'),
  v.field('email'),
  v.field('partner_id'),
  v.field('purpose'),
  v.field('expires'),
  v.field('state', { widget: 'badge' }),
])

export const portal_link_form = form('portal.link', (v) => [
  v.header(
    v.button(action_revoke, 'Revoke', [['revoked_on', '=', null]], { confirm: 'Whoever opens the link is told that it does not work.' }),
  ),
  v.columns(['email', 'partner_id', 'purpose'], ['state', 'expires', 'revoked_on', 'content_hash']),
])

export const portal_signature_form = form('portal.signature', (v) => [
  v.columns(['name', 'email', 'partner_id', 'image'], ['signed_on', 'address', 'agent', 'content_hash', 'file', 'file_hash']),
])

export const portal_partner_form = alter(res_partner_form, (v) => [v.header(v.button(action_portal_access, 'Portal Access'))])

export const views = [
  portal_partner_form,
  portal_link_list,
  portal_link_form,
  search('portal.link', ['email', 'partner_id']),
  list('portal.signature', ['signed_on', 'name', 'email', 'address', 'content_hash']),
  portal_signature_form,
  search('portal.signature', ['name', 'email', 'content_hash', 'file_hash']),
]
