import { type Domain, type Env, IdentityError } from '@erp4/orm'
import { tellOwner } from './account-news.ts'
import { res_partner } from './models/res_partner.ts'
import { res_users } from './models/res_users.ts'

// Whoever has somebody's mail address can choose his password: it takes the caller's password to change it, and both addresses are told.
res_partner.changed(['email'], async (sys, ids, operation) => {
  if (operation === 'write') await followAddresses(sys, [['partner_id', 'in', ids]], 'changed')
})
res_users.changed(['partner_id'], (sys, ids, operation) =>
  followAddresses(sys, [['id', 'in', ids]], operation === 'write' ? 'changed' : 'first'),
)

/** Keeps, beside each of these users, the address that he is reached at: the former one is known from it when there is another. */
export async function followAddresses(sys: Env<true>, which: Domain<'res.users'>, how: 'first' | 'changed'): Promise<void> {
  const users = await sys.withContext({ active_test: false }).model('res.users').search(which)
  if (users.ids.length === 0) return
  await users.lock()
  const moved = (await users.read(['active', 'security_email', 'partner_id.email'])).filter(
    (user) => !isSame(user.security_email, user.partner_id.email),
  )
  if (moved.length === 0) return
  const addresses = new Map(moved.map((user) => [user.id, user.partner_id.email]))
  await users.env
    .model('res.users')
    .browse([...addresses.keys()])
    .write((id) => ({ security_email: addresses.get(id)! }))
  // What the instance itself puts in order, it tells nobody.
  if (how === 'first' || sys.user.id === systemUser) return
  if (!sys.call.isProven)
    throw new IdentityError(sys.t('This takes your password: who has the mail address of an account can choose its password.'))
  for (const { id, active, security_email: from, partner_id: partner } of moved)
    if (active) await tellOwner(sys, { user: id, by: sys.user.id, what: 'address', from, to: partner.email })
}

/** The standard data's first user, whom jobs of the instance itself run as. */
const systemUser = 1

const isSame = (one: string | null, other: string | null): boolean =>
  (one ?? '').trim().toLowerCase() === (other ?? '').trim().toLowerCase()
