import { type ModelFields, boolean, char, html, integer, many2one, model, one2many } from '@erp4/orm'
import { type LoadedTax, taxPaths } from '../tax-rules.ts'

/** For customers to whom other taxes apply: which tax takes the place of which. */
export const account_fiscal_position = model('account.fiscal.position', {
  label: 'Fiscal Position',
  order: 'sequence, id',
  fields: {
    name: char({ required: true, translate: true }),
    active: boolean({ default: true }),
    sequence: integer({ required: true, default: 10 }),
    company_id: many2one('res.company', { required: true, index: true, default: (env) => env.me.company_id }),
    note: html({ label: 'Legal Notes', translate: true, help: 'Printed on the documents.' }),
    tax_ids: one2many('account.fiscal.position.tax', 'position_id', { label: 'Tax Mapping', copy: true }),
  },
})

export const account_fiscal_position_tax = model('account.fiscal.position.tax', {
  label: 'Tax Mapping',
  fields: {
    display_name: char({ related: 'tax_src_id.name' }),
    position_id: many2one('account.fiscal.position', { label: 'Fiscal Position', required: true, ondelete: 'cascade', index: true }),
    company_id: many2one('res.company', { related: 'position_id.company_id' }),
    tax_src_id: many2one('account.tax', { label: 'Tax of the Product', required: true, ondelete: 'restrict' }),
    tax_dest_id: many2one('account.tax', { label: 'Tax to Apply', ondelete: 'restrict', help: 'Empty: none takes its place.' }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'account.fiscal.position': AccountFiscalPosition
    'account.fiscal.position.tax': AccountFiscalPositionTax
  }
  interface AccountFiscalPosition extends ModelFields<typeof account_fiscal_position> {}
  interface AccountFiscalPositionTax extends ModelFields<typeof account_fiscal_position_tax> {}
}

/** What must be loaded of a fiscal position, or through a relation to one, so that taxes can be mapped. */
export const positionPaths = ['tax_ids.tax_src_id', ...taxPaths('tax_ids.tax_dest_id')] as const
export const mappingPaths = <const R extends string>(relation: R) =>
  [`${relation}.tax_ids.tax_src_id`, ...taxPaths(`${relation}.tax_ids.tax_dest_id`)] as const

/** What a fiscal position says of one tax. */
export interface TaxMapping {
  readonly tax_src_id: number
  readonly tax_dest_id: LoadedTax | null
}

/** The taxes that apply instead; those that the position does not speak of stay. */
export function mapTaxes<T extends LoadedTax>(taxes: readonly T[], mapping: readonly TaxMapping[]): (T | LoadedTax)[] {
  const mapped = taxes.flatMap((tax) => {
    const rules = mapping.filter((rule) => rule.tax_src_id === tax.id)
    return rules.length === 0 ? [tax] : rules.flatMap((rule) => rule.tax_dest_id ?? [])
  })
  return [...new Map(mapped.map((tax) => [tax.id, tax])).values()]
}
