import type { Decimal } from '@erp4/orm'
import type { TaxRule } from './totals.ts'

/** What must be loaded of a tax to work with it, below a relation: `taxPaths('tax_ids')`. */
export const taxPaths = <const R extends string>(relation: R) =>
  [
    `${relation}.sequence`,
    `${relation}.amount_type`,
    `${relation}.amount`,
    `${relation}.price_include_override`,
    `${relation}.include_base_amount`,
    `${relation}.is_base_affected`,
    `${relation}.children_tax_ids.sequence`,
    `${relation}.children_tax_ids.amount_type`,
    `${relation}.children_tax_ids.amount`,
    `${relation}.children_tax_ids.price_include_override`,
    `${relation}.children_tax_ids.include_base_amount`,
    `${relation}.children_tax_ids.is_base_affected`,
  ] as const

/** The same of taxes themselves. */
export const taxFigurePaths = [
  'sequence',
  'amount_type',
  'amount',
  'price_include_override',
  'include_base_amount',
  'is_base_affected',
  'children_tax_ids.sequence',
  'children_tax_ids.amount_type',
  'children_tax_ids.amount',
  'children_tax_ids.price_include_override',
  'children_tax_ids.include_base_amount',
  'children_tax_ids.is_base_affected',
] as const

/** A tax as it is loaded. */
export interface LoadedTax {
  readonly id: number
  readonly sequence: number
  readonly amount_type: 'percent' | 'fixed' | 'division' | 'group'
  readonly amount: Decimal
  readonly price_include_override: 'tax_included' | 'tax_excluded' | null
  readonly include_base_amount: boolean
  readonly is_base_affected: boolean
  readonly children_tax_ids?: readonly LoadedTax[]
}

/** The taxes of a line in the order in which they are worked out, groups as their members; each once. */
export function taxRules(taxes: readonly LoadedTax[]): TaxRule[] {
  const ordered = bySequence(taxes).flatMap((tax) => (tax.amount_type === 'group' ? bySequence(tax.children_tax_ids ?? []) : [tax]))
  const rules = new Map<number, TaxRule>()
  for (const tax of ordered) if (!rules.has(tax.id)) rules.set(tax.id, ruleOf(tax))
  return [...rules.values()]
}

const bySequence = (taxes: readonly LoadedTax[]): LoadedTax[] => taxes.toSorted((a, b) => a.sequence - b.sequence || a.id - b.id)

function ruleOf(tax: LoadedTax): TaxRule {
  return {
    id: tax.id,
    // A group within a group has no members here: it is refused where it is made.
    type: tax.amount_type === 'group' ? 'fixed' : tax.amount_type,
    amount: tax.amount,
    isIncluded: tax.price_include_override === 'tax_included',
    affectsNext: tax.include_base_amount,
    isAffected: tax.is_base_affected,
  }
}
