import { type FieldsOf, UserError, extend, integer, json, many2one } from '@erp4/orm'

export const res_partner = extend('res.partner', {
  fields: {
    contact_count: integer({ compute: 'live', label: 'Number of Contacts', help: 'People and addresses directly under this one.' }),
  },
})

declare module '@erp4/orm/models' {
  interface ResPartner extends FieldsOf<typeof res_partner> {}
}

res_partner.compute('contact_count', ['child_ids'], (partner) => partner.child_ids.length)

/** Makes these people contacts of `parent_id`, whose commercial fields they take over. */
export const action_move_to_company = res_partner.action(
  'action_move_to_company',
  { needs: 'write', args: { parent_id: many2one('res.partner', { required: true }) } },
  async (people, { parent_id }) => {
    const [company] = await people.env.model('res.partner').browse([parent_id]).read(['is_company', 'display_name'])
    if (!company?.is_company) throw new UserError(`${company?.display_name ?? 'This'} is not a company.`)
    await people.write({ parent_id })
  },
)

/** Contacts that share a mail address with one of these: the ids of each such pair or more, for a person to look at. */
export const find_duplicates = res_partner.action(
  'find_duplicates',
  { needs: 'read', readonly: true, returns: json({ required: true }) },
  async (partners) => {
    const addresses = (await partners.read(['email_normalized']))
      .map((partner) => partner.email_normalized)
      .filter((address) => address !== null)
    const same = await partners.env
      .model('res.partner')
      .find([['email_normalized', 'in', addresses]], ['email_normalized'], { order: 'id' })
    const groups = Map.groupBy(same, (partner) => partner.email_normalized)
    return [...groups.values()].filter((group) => group.length > 1).map((group) => group.map((partner) => partner.id))
  },
)
