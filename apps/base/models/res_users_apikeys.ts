import { type ModelFields, char, datetime, many2one, model } from '@erp4/orm'

/** Keys with which programs sign in for a user. The key itself is shown once; a hash of it is kept. */
export const res_users_apikeys = model('res.users.apikeys', {
  label: 'API Key',
  order: 'create_date desc, id desc',
  fields: {
    name: char({ label: 'Description', required: true, readonly: true }),
    user_id: many2one('res.users', { required: true, readonly: true, index: true, ondelete: 'cascade' }),
    scope: char({ readonly: true, help: 'rpc, or empty for everything.' }),
    key_index: char({ secret: true, index: true, copy: false }),
    secret_hash: char({ secret: true, copy: false }),
    expiration_date: datetime({ readonly: true }),
    last_used: datetime({ readonly: true, copy: false }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'res.users.apikeys': ResUsersApikeys
  }
  interface ResUsersApikeys extends ModelFields<typeof res_users_apikeys> {}
}

export const remove = res_users_apikeys.action('remove', { needs: 'unlink' }, async (keys) => {
  await keys.unlink()
})
