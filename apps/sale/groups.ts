import { contactManager, employee } from '@erp4/base'
import { pricelistManager } from '@erp4/product'
import { group } from '@erp4/orm'

// By the names that integrations know.

export const salesman = group('sales_team.group_sale_salesman', {
  label: 'Sales: own documents',
  help: 'Writes and confirms quotations and orders of his own and of nobody, and invoices them.',
  implies: [employee, contactManager],
})

export const salesmanOfAll = group('sales_team.group_sale_salesman_all_leads', {
  label: 'Sales: all documents',
  help: 'The same with the quotations and orders of everybody.',
  implies: [salesman],
})

export const salesManager = group('sales_team.group_sale_manager', {
  label: 'Sales: administrator',
  help: 'Decides on teams, prices and what is sold, unlocks orders, and may confirm over a credit limit.',
  implies: [salesmanOfAll, pricelistManager],
})

export const groups = [salesman, salesmanOfAll, salesManager]
