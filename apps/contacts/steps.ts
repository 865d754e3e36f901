import { step } from '@erp4/orm'

/** What to do first. */
export const steps = [step('Add your first customer', 'res.partner', { hint: 'A name is enough to begin with; the rest can follow.' })]
