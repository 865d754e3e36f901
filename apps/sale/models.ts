import { crm_team } from './models/crm_team.ts'
import { sale_advance_payment_inv } from './models/sale_advance_payment_inv.ts'
import { sale_order } from './models/sale_order.ts'
import { sale_order_line } from './models/sale_order_line.ts'

export const models = [crm_team, sale_order, sale_order_line, sale_advance_payment_inv] as const
