import { type ModelFields, boolean, char, integer, many2many, many2one, model } from '@erp4/orm'

export const crm_team = model('crm.team', {
  label: 'Sales Team',
  custom: 'links',
  order: 'sequence, name, id',
  fields: {
    name: char({ label: 'Sales Team', required: true, translate: true }),
    active: boolean({ default: true }),
    sequence: integer({ required: true, default: 10 }),
    user_id: many2one('res.users', { label: 'Team Leader' }),
    member_ids: many2many('res.users', { label: 'Salespersons' }),
    company_id: many2one('res.company', { help: 'Empty: for all companies.' }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'crm.team': CrmTeam
  }
  interface CrmTeam extends ModelFields<typeof crm_team> {}
}
