import type { Decimal } from '@erp4/orm'
import { type CreateValues, type Env, UserError, char, date, day, json } from '@erp4/orm'
import { account_move, inCompany, nameOf } from './models/account_move.ts'
import type { MoveType } from './models/account_move.ts'

// What is posted stays; what was wrong is taken back by another entry that names it (R5 of the books).

const reversalTypes: Readonly<Record<MoveType, MoveType>> = {
  entry: 'entry',
  out_invoice: 'out_refund',
  out_refund: 'out_invoice',
  in_invoice: 'in_refund',
  in_refund: 'in_invoice',
}

const copiedPaths = [
  'display_name',
  'state',
  'move_type',
  'partner_id',
  'partner_shipping_id',
  'journal_id',
  'currency_id',
  'company_id',
  'fiscal_position_id',
  'invoice_origin',
  'tax_rounding',
  'invoice_line_ids.display_type',
  'invoice_line_ids.sequence',
  'invoice_line_ids.name',
  'invoice_line_ids.product_id',
  'invoice_line_ids.product_uom_id',
  'invoice_line_ids.account_id',
  'invoice_line_ids.quantity',
  'invoice_line_ids.price_unit',
  'invoice_line_ids.discount',
  'invoice_line_ids.tax_ids',
  'line_ids.name',
  'line_ids.account_id',
  'line_ids.partner_id',
  'line_ids.balance',
  'line_ids.amount_currency',
] as const

/**
 * Drafts that take these posted entries back: credit notes of invoices, turned round entries of others. Answers their ids, for people to
 * change and post. `reason` is written on them. While an earlier draft takes one of them back, refused.
 */
export const action_reverse = account_move.action(
  'action_reverse',
  { needs: 'read', args: { reason: char(), date: date() }, returns: json({ required: true }) },
  async ({ env, ids }, { reason, date: on }) => {
    const undone = await draftsAgainst(env, ids)
    const moves = await env.model('account.move').browse(ids).read(copiedPaths)
    const open = moves.find((move) => move.state !== 'posted')
    if (open) throw new UserError(env.t('{name} is not posted: change it instead of taking it back.', { name: nameOf(env, open) }))
    const taken = moves.find(({ id }) => undone.includes(id))
    if (taken)
      throw new UserError(
        env.t('{name} is being taken back already, by a draft: change that one, or cancel it first.', { name: nameOf(env, taken) }),
      )
    const made: number[] = []
    for (const [company, some] of Map.groupBy(moves, (move) => move.company_id)) {
      const values = some.map((move): CreateValues<'account.move'> => {
        const type = reversalTypes[move.move_type]
        return {
          move_type: type,
          ref: reason ? `${move.display_name}, ${reason}` : move.display_name,
          date: on ?? day(env.call.now().toISOString().slice(0, 10)),
          ...(type === 'entry' ? {} : { invoice_date: on ?? null }),
          partner_id: move.partner_id,
          partner_shipping_id: move.partner_shipping_id,
          journal_id: move.journal_id,
          currency_id: move.currency_id,
          company_id: company,
          fiscal_position_id: move.fiscal_position_id,
          invoice_payment_term_id: null,
          invoice_origin: move.invoice_origin,
          tax_rounding: move.tax_rounding,
          ...(type === 'entry' ? { line_ids: move.line_ids.map(turned) } : { invoice_line_ids: move.invoice_line_ids.map(copied) }),
        }
      })
      const created = await inCompany(env, company).model('account.move').create(values)
      made.push(...created.ids)
      const origin = new Map(created.ids.map((id, i) => [id, some[i]!.id]))
      await env.asSystem('a credit note names the invoice that it takes back', async (sys) => {
        await sys
          .model('account.move')
          .browse(created.ids)
          .write((id) => ({ reversed_entry_id: origin.get(id)! }))
      })
    }
    return made
  },
)

/** Which of these entries a draft takes back. They are held until the call ends: of several people who ask at one moment, the first has his way. */
async function draftsAgainst(env: Env, ids: readonly number[]): Promise<readonly number[]> {
  return env.asSystem('an entry is taken back by one draft at a time', async (sys) => {
    const table = sys.model('account.move')
    await table.browse(ids).lock()
    const drafts = await table.find(
      [
        ['reversed_entry_id', 'in', ids],
        ['state', '=', 'draft'],
      ],
      ['reversed_entry_id'],
    )
    return drafts.flatMap(({ reversed_entry_id }) => reversed_entry_id ?? [])
  })
}

type Line = CreateValues<'account.move'>['invoice_line_ids'] extends readonly (infer C)[] | undefined ? C : never

function copied({ id: _id, tax_ids, ...line }: Copied): Line {
  return ['create', { ...line, tax_ids: [['set', tax_ids]] }] as Line
}

interface Copied {
  readonly id: number
  readonly tax_ids: readonly number[]
}

function turned({
  id: _id,
  balance,
  amount_currency,
  ...line
}: {
  readonly id: number
  readonly balance: Decimal
  readonly amount_currency: Decimal
}): Line {
  return ['create', { ...line, balance: balance.negated(), amount_currency: amount_currency.negated() }] as Line
}

/** A draft that nobody wants. A posted entry is taken back by another. */
export const button_cancel = account_move.action('button_cancel', { needs: 'write' }, async ({ env, ids }) => {
  await turn(env, ids, { from: 'draft', to: 'cancel' })
})

/** A cancelled draft is one again. */
export const button_draft = account_move.action('button_draft', { needs: 'write' }, async ({ env, ids }) => {
  await turn(env, ids, { from: 'cancel', to: 'draft' })
})

async function turn(env: Env, ids: readonly number[], { from, to }: { from: 'draft' | 'cancel'; to: 'draft' | 'cancel' }): Promise<void> {
  const other = (await env.model('account.move').browse(ids).read(['display_name', 'state', 'move_type'])).find(
    (move) => move.state !== from,
  )
  if (other)
    throw new UserError(
      other.state === 'posted'
        ? env.t('{name} is posted and stays as it is. Make a credit note instead.', { name: nameOf(env, other) })
        : env.t('{name} is {state} already.', { name: nameOf(env, other), state: env.t(stateNames[other.state]) }),
    )
  await env.asSystem('only drafts are cancelled, and only cancelled ones are drafts again', async (sys) => {
    await sys.model('account.move').browse(ids).write({ state: to })
  })
}

const stateNames = { draft: 'Draft', posted: 'Posted', cancel: 'Cancelled' } as const
