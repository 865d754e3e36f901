import { sql, type Sql } from '@erp4/orm'

export interface SenderRow {
  /** The address that all mail of the instance comes from, if one was set. */
  fixed: string | null
  name: string
  email: string | null
}

export const senderRow = (company: number): Sql => sql`
  select (select value from ir_config_parameter where key = 'mail.default.from' limit 1) as fixed, c.name, p.email
  from res_company c join res_partner p on p.id = c.partner_id where c.id = ${company}::int4`
