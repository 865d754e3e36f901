import { type Env, UserError } from '@erp4/orm'
import type { MoveType } from './models/account_move.ts'
import type { TaxRounding } from './figures.ts'

/** The kind of journal that entries of a type belong into. */
export const journalKind = (type: MoveType): 'sale' | 'purchase' | 'general' =>
  type === 'out_invoice' || type === 'out_refund' ? 'sale' : type === 'in_invoice' || type === 'in_refund' ? 'purchase' : 'general'

/** For forms: the first journal of the company for what the context asks to make. */
export async function usualJournal(env: Env): Promise<number> {
  const type = journalKind((env.context['default_move_type'] ?? 'entry') as MoveType)
  const [journal] = (
    await env.model('account.journal').search(
      [
        ['company_id', '=', env.me.company_id],
        ['type', '=', type],
      ],
      { order: 'sequence, id', limit: 1 },
    )
  ).ids
  if (journal === undefined) throw new UserError(env.t('The company has no journal for this yet.'))
  return journal
}

export async function companyCurrency(env: Env): Promise<number> {
  const [company] = await env.model('res.company').browse([env.me.company_id]).read(['currency_id'])
  if (!company) throw new UserError(env.t('Say in which currency it is.'))
  return company.currency_id
}

export async function companyRounding(env: Env): Promise<TaxRounding> {
  const [company] = await env.model('res.company').browse([env.me.company_id]).read(['tax_calculation_rounding_method'])
  return company?.tax_calculation_rounding_method ?? 'round_globally'
}
