import { letAdministratorIn, loadNamed } from '@erp4/base'
import { loadTemplates } from '@erp4/mail'
import { Decimal, type Env } from '@erp4/orm'
import { openBooks } from './books.ts'
import { templates } from './templates.ts'

const d = Decimal.of

/** `[key, name, Korean name, note, Korean note, installments]`. */
const terms = [
  { key: 'account_payment_term_immediate', name: 'Immediate Payment', korean: '즉시 지급', lines: [] },
  { key: 'account_payment_term_15days', name: '15 Days', korean: '15일', lines: [{ nb_days: 15 }] },
  { key: 'account_payment_term_30days', name: '30 Days', korean: '30일', lines: [{ nb_days: 30 }] },
  { key: 'account_payment_term_45days', name: '45 Days', korean: '45일', lines: [{ nb_days: 45 }] },
  {
    key: 'account_payment_term_end_following_month',
    name: 'End of Following Month',
    korean: '다음 달 말일',
    lines: [{ delay_type: 'days_after_end_of_next_month' }],
  },
  {
    key: 'account_payment_term_advance_60days',
    name: '30% Now, Balance 60 Days',
    korean: '30% 선급, 잔액 60일',
    lines: [{ value_amount: d(30) }, { value_amount: d(70), nb_days: 60 }],
  },
] as const

/** Payment terms for everybody, and books for each company that has none. */
export async function loadAccountData(sys: Env<true>): Promise<void> {
  const all = sys.withContext({ active_test: false, lang: 'en_US' })
  await loadNamed(
    all,
    'account.payment.term',
    terms.map(({ key, name, korean, lines }, i) => ({
      key,
      values: {},
      initial: { name, sequence: 10 + i, line_ids: lines.map((line) => ['create', line]) },
      korean: { name: korean },
    })),
    { module: 'account' },
  )
  await openBooks(all, (await all.model('res.company').search([])).ids)
  await loadTemplates(all, 'account', templates)
  await letAdministratorIn(all, ['account.group_account_manager'])
}
