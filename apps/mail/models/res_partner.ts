import type { FieldsOf } from '@erp4/orm'
import { thread } from '../thread.ts'

export const res_partner_thread = thread('res.partner')

declare module '@erp4/orm/models' {
  interface ResPartner extends FieldsOf<typeof res_partner_thread> {}
}
