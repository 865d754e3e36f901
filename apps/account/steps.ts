import { step } from '@erp4/orm'

/** What to do first. */
export const steps = [step('Set up your taxes', 'account.tax', { hint: 'The rates that you charge, and whether prices include them.' })]
