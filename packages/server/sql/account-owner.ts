import { sql, type Sql } from '@erp4/orm'

/** Whom letters about an account go to. */
export interface AccountOwner {
  id: number
  login: string
  name: string | null
  address: string | null
  lang: string | null
  tz: string | null
  company_id: number
  company: string
  /** Who did it, where that is somebody else. */
  other: string | null
}

/** An active user; `by`: who has done what he is told of. */
export const accountOwner = ({ user, by }: { user: number; by: number }): Sql => sql`
  select u.id, u.login, p.name, p.email as address, u.lang, u.tz, u.company_id, c.name as company,
         (select coalesce(q.name, o.login) from res_users o left join res_partner q on q.id = o.partner_id
          where o.id = ${by}::int4 and o.id <> u.id) as other
  from res_users u join res_partner p on p.id = u.partner_id join res_company c on c.id = u.company_id
  where u.id = ${user}::int4 and u.active`
