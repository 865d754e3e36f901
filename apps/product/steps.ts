import { step } from '@erp4/orm'

/** What to do first. */
export const steps = [step('Add what you sell', 'product.template', { hint: 'Goods or services, with their price.' })]
