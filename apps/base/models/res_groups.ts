import { type ModelFields, boolean, char, many2many, model, text } from '@erp4/orm'
import { demandAdministrator } from '../administrators.ts'

/** The groups that code declares, kept in step with it at every migration; what people decide here is who is in them. */
export const res_groups = model('res.groups', {
  label: 'Access Group',
  order: 'name, id',
  unique: [['key']],
  fields: {
    name: char({ required: true, translate: true }),
    full_name: char({ related: 'name', label: 'Group Name' }),
    key: char({ required: true, readonly: true, help: 'The name in code and its external id: base.group_user.' }),
    comment: text({ translate: true, readonly: true, help: 'What the group lets a person do.' }),
    share: boolean({ label: 'Share Group', readonly: true, help: 'For people from outside.' }),
    implied_ids: many2many('res.groups', { label: 'Inherits', readonly: true, copy: false }),
    all_implied_ids: many2many('res.groups', {
      label: 'Inherits, at Any Distance',
      readonly: true,
      copy: false,
      help: 'The group itself and all that it implies.',
    }),
    user_ids: many2many('res.users', { label: 'Users', copy: false, inverse: 'group_ids' }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'res.groups': ResGroups
  }
  interface ResGroups extends ModelFields<typeof res_groups> {}
}

res_groups.changed(['user_ids'], async (sys, _ids, operation) => {
  if (operation === 'write') await demandAdministrator(sys)
})
