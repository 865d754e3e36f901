import { step } from '@erp4/orm'

/** What to do first. */
export const steps = [
  step('Write your first quotation', 'sale.order', { hint: 'A customer and a product are enough.' }),
  step('Confirm an order', 'sale.order', {
    hint: 'Open a quotation, and confirm it when the customer agrees.',
    where: [
      ['state', '=', 'sale'],
      ['create_uid', '!=', 1],
    ],
    opens: 'list',
  }),
]
