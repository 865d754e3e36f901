import { isReadable } from '@erp4/base'
import { AccessError, Env, type User } from '@erp4/orm'

/** A partner as letters reach him. */
export interface Recipient {
  readonly id: number
  readonly name: string
  /** Null: no letter can reach him. */
  readonly email: string | null
  /** An installed language: his, his company's, or English. */
  readonly lang: string
  /** The user that he signs in as, if he does. */
  readonly user: { readonly id: number; readonly isColleague: boolean } | null
}

/** The partners with these ids, in their order; those that are not there are left out. */
export async function recipientsOf(sys: Env<true>, ids: readonly number[]): Promise<Recipient[]> {
  const found = await sys
    .withContext({ active_test: false })
    .model('res.partner')
    .browse(ids)
    .read(['display_name', 'name', 'email_normalized', 'lang', 'user_ids.active', 'user_ids.share'])
  const [company] = await sys.model('res.company').browse([sys.me.company_id]).read(['partner_id.lang'])
  const known = (lang: string | null | undefined): string | undefined => sys.call.languages.find((one) => one === lang)
  return found.map(({ id, name, display_name, email_normalized, lang, user_ids }) => {
    const user = user_ids.find(({ active }) => active)
    return {
      id,
      name: name ?? display_name ?? '',
      email: email_normalized,
      lang: known(lang) ?? known(company?.partner_id.lang) ?? 'en_US',
      user: user ? { id: user.id, isColleague: !user.share } : null,
    }
  })
}

/** Whether the user, who is not the caller, may read the record now: letters tell nobody what the screen would not. */
export const mayRead = async (sys: Env<true>, userId: number, model: string, id: number): Promise<boolean> =>
  isReadable(await viewOf(sys, userId), model, id)

/** Those of the records that another user may read now. */
export async function readableFor(sys: Env<true>, userId: number, model: string, ids: readonly number[]): Promise<readonly number[]> {
  const env = await viewOf(sys, userId)
  try {
    return (await env.model(model as never).search([['id', 'in', ids]] as never)).ids
  } catch (error) {
    if (error instanceof AccessError) return [] // no right on any record of the model
    throw error
  }
}

/** This call as another user would see it, to ask what he may. Nothing is done with it. */
async function viewOf(sys: Env<true>, userId: number): Promise<Env<false>> {
  const [found] = await sys
    .model('res.users')
    .browse([userId])
    .read(['login', 'name', 'partner_id.commercial_partner_id', 'company_id', 'company_ids', 'group_ids.all_implied_ids.key', 'lang', 'tz'])
  const { login, name, partner_id, company_id, company_ids, group_ids, lang, tz } = found!
  const user: User = {
    id: userId,
    login,
    name: name ?? login,
    partner_id: partner_id.id,
    commercial_partner_id: partner_id.commercial_partner_id ?? partner_id.id,
    company_id,
    company_ids,
    groups: new Set(group_ids.flatMap((group) => group.all_implied_ids.map(({ key }) => key))),
    lang: lang ?? 'en_US',
    tz: tz ?? 'UTC',
  }
  return new Env(sys.call, user, { lang: user.lang, tz: user.tz, allowed_company_ids: company_ids, active_test: false }, false)
}
