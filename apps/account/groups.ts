import { contactManager, employee } from '@erp4/base'
import { productManager } from '@erp4/product'
import { group } from '@erp4/orm'

export const bookReader = group('account.group_account_readonly', {
  label: 'Invoicing: reader',
  help: 'Sees all invoices, entries and accounts, and changes none.',
  implies: [employee],
})

export const biller = group('account.group_account_invoice', {
  label: 'Invoicing: billing',
  help: 'Writes, posts and credits invoices.',
  implies: [bookReader, contactManager],
})

export const bookManager = group('account.group_account_manager', {
  label: 'Invoicing: administrator',
  help: 'Decides on accounts, journals, taxes, payment terms and credit limits.',
  implies: [biller, productManager],
})

export const groups = [bookReader, biller, bookManager]
