import { crm_team } from './models/crm_team.ts'
import { sale_order } from './models/sale_order.ts'
import { sale_order_line } from './models/sale_order_line.ts'

export const models = [crm_team, sale_order, sale_order_line] as const
