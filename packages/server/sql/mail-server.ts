import { sql, type Sql } from '@erp4/orm'

/** A row of `ir.mail_server`, an app's model; the password sealed (mail/server.ts). */
export interface MailServerRow {
  smtp_host: string
  smtp_port: number
  smtp_encryption: 'none' | 'starttls' | 'ssl'
  smtp_user: string | null
  smtp_pass: string | null
}

const columns: Sql = sql`smtp_host, smtp_port, smtp_encryption, smtp_user, smtp_pass`

/** The one that letters go through. */
export const firstMailServer: Sql = sql`select ${columns} from ir_mail_server where active order by sequence, id limit 1`

export const mailServerById = (id: number): Sql => sql`select ${columns} from ir_mail_server where id = ${id}::int4`
