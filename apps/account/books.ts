import { loadNamed } from '@erp4/base'
import type { Day, Env } from '@erp4/orm'
import type { accountTypes } from './models/account_account.ts'

interface NewAccount {
  readonly key: 'receivable' | 'payable' | 'income' | 'expense' | 'tax_received' | 'tax_paid' | 'bank'
  readonly code: string
  readonly name: string
  readonly korean: string
  readonly type: keyof typeof accountTypes
}

/** As few accounts as invoices can be posted with; whoever keeps the books adds his own. */
const accounts: readonly NewAccount[] = [
  { key: 'receivable', code: '121000', name: 'Account Receivable', korean: '외상매출금', type: 'asset_receivable' },
  { key: 'bank', code: '101000', name: 'Bank', korean: '은행', type: 'asset_cash' },
  { key: 'tax_paid', code: '131000', name: 'Tax Paid', korean: '부가세대급금', type: 'asset_current' },
  { key: 'payable', code: '211000', name: 'Account Payable', korean: '외상매입금', type: 'liability_payable' },
  { key: 'tax_received', code: '251000', name: 'Tax Received', korean: '부가세예수금', type: 'liability_current' },
  { key: 'income', code: '400000', name: 'Product Sales', korean: '상품매출', type: 'income' },
  { key: 'expense', code: '600000', name: 'Expenses', korean: '비용', type: 'expense' },
]

const journals = [
  { key: 'sale', code: 'INV', name: 'Customer Invoices', korean: '매출 청구서', type: 'sale' },
  { key: 'purchase', code: 'BILL', name: 'Vendor Bills', korean: '매입 청구서', type: 'purchase' },
  { key: 'general', code: 'MISC', name: 'Miscellaneous Operations', korean: '일반 분개', type: 'general' },
] as const

/** What a company needs to write invoices: accounts, journals, a group for its taxes. Run again it changes nothing that people changed. */
export async function openBooks(sys: Env<true>, companies: readonly number[]): Promise<void> {
  const all = sys.withContext({ active_test: false, lang: 'en_US' })
  for (const company of companies) await openBooksOf(all, company)
}

async function openBooksOf(sys: Env<true>, company: number): Promise<void> {
  const options = { module: 'account' }
  const key = (name: string): string => `company_${company}_${name}`
  const made = await loadNamed(
    sys,
    'account.account',
    accounts.map((one) => ({
      key: key(one.key),
      values: {},
      initial: {
        code: one.code,
        name: one.name,
        account_type: one.type,
        reconcile: one.key === 'receivable' || one.key === 'payable',
        company_ids: [company],
      },
      korean: { name: one.korean },
    })),
    options,
  )
  const account = (name: NewAccount['key']): number => made.get(key(name))!
  await loadNamed(
    sys,
    'account.journal',
    journals.map((one, i) => ({
      key: key(`journal_${one.key}`),
      values: {},
      initial: {
        code: one.code,
        name: one.name,
        type: one.type,
        sequence: 10 + i,
        company_id: company,
        default_account_id: one.key === 'general' ? null : account(one.key === 'sale' ? 'income' : 'expense'),
      },
      korean: { name: one.korean },
    })),
    options,
  )
  await loadNamed(
    sys,
    'account.tax.group',
    [{ key: key('tax_group'), values: {}, initial: { name: 'Taxes', company_id: company }, korean: { name: '세금' } }],
    options,
  )
  const [books] = await sys.model('res.company').browse([company]).read(['account_receivable_id'])
  if (books?.account_receivable_id !== null) return
  await sys
    .model('res.company')
    .browse([company])
    .write({
      account_receivable_id: account('receivable'),
      account_payable_id: account('payable'),
      account_income_id: account('income'),
      account_expense_id: account('expense'),
      account_tax_received_id: account('tax_received'),
      account_tax_paid_id: account('tax_paid'),
    })
}

/** The counter of a journal's numbers in one year: made when the first entry of the year is posted, by one call alone. */
export async function journalCounter(
  env: Env,
  { journal, code, company, on }: { journal: number; code: string; company: number; on: Day },
): Promise<Counter> {
  const year = on.slice(0, 4)
  const name = `account.journal.${journal}.${year}`
  const find = async (at: Env): Promise<Counter | undefined> => {
    const [found] = await at.model('ir.sequence').find([['code', '=', name]], ['prefix', 'suffix'], { limit: 1 })
    return found && { sequence: found.id, prefix: found.prefix ?? '', suffix: found.suffix ?? '' }
  }
  return (
    (await find(env)) ??
    env.asSystem('the first entry of a year begins the numbers of its journal', async (sys) => {
      // Of two calls that come first at the same time, the second one finds what the first one made.
      await sys.model('account.journal').browse([journal]).lock()
      const made = await find(sys)
      if (made) return made
      const values = {
        name: `${code} ${year}`,
        code: name,
        prefix: `${code}/${year}/`,
        implementation: 'no_gap',
        padding: 5,
        company_id: company,
      } as const
      const [sequence] = (await sys.model('ir.sequence').create(values)).ids
      return { sequence: sequence!, prefix: values.prefix, suffix: '' }
    })
  )
}

/** What `numberLater` asks for. */
type Counter = { sequence: number; prefix: string; suffix: string }
