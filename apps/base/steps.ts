import { step } from '@erp4/orm'

/** What to do first. */
export const steps = [
  step('Complete your company', 'res.company', {
    hint: 'Its address and its currency stand on every document.',
    where: [['partner_id.street', '!=', null]],
    opens: 'list',
  }),
  step('Invite a colleague', 'res.users', { hint: 'Each with rights of his own: what he does carries his name.' }),
]
