import { AccessDenied, type ModelFields, char, json, model, selection } from '@erp4/orm'
import { isIdentityConfirmed } from '../identity.ts'
import { make_key } from './res_users_apikeys_description.ts'

/** The question for one's password before something that outlives the session. */
export const res_users_identitycheck = model('res.users.identitycheck', {
  label: 'Password Check',
  transient: true,
  fields: {
    request: json({ readonly: true, help: 'The dialogues to go on with.' }),
    auth_method: selection({ password: 'Password' }, { default: 'password' }),
    password: char({
      secret: true,
      help: 'Of no effect: kept for clients that still write it. The server reads the password of the call.',
    }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'res.users.identitycheck': ResUsersIdentitycheck
  }
  interface ResUsersIdentitycheck extends ModelFields<typeof res_users_identitycheck> {}
}

/** Goes on with what the check interrupted. The server has verified the password of the call before this runs. */
export const run_check = res_users_identitycheck.action(
  'run_check',
  { needs: 'write', returns: json({ required: true }) },
  async (checks) => {
    const { env } = checks
    if (!isIdentityConfirmed(env))
      throw new AccessDenied('Incorrect Password, try again or click on Forgot Password to reset your password.')
    const [check] = await checks.read(['request'])
    const ids = (check?.request as { readonly dialogues?: readonly number[] } | null)?.dialogues ?? []
    return make_key(env.model('res.users.apikeys.description').browse(ids))
  },
)
