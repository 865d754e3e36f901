import { account_account } from './models/account_account.ts'
import { account_fiscal_position, account_fiscal_position_tax } from './models/account_fiscal_position.ts'
import { account_journal } from './models/account_journal.ts'
import { account_move } from './models/account_move.ts'
import { account_move_line } from './models/account_move_line.ts'
import { account_payment_term, account_payment_term_line } from './models/account_payment_term.ts'
import { account_tax, account_tax_group } from './models/account_tax.ts'

export const models = [
  account_account,
  account_journal,
  account_tax_group,
  account_tax,
  account_fiscal_position,
  account_fiscal_position_tax,
  account_payment_term,
  account_payment_term_line,
  account_move,
  account_move_line,
] as const
