import type { Connection } from '@erp4/orm'
import type { Address } from '../sql/outbox.ts'
import { type SenderRow, senderRow } from '../sql/sender.ts'
import { usableAddress } from './address.ts'

/**
 * Whom a company's mails come from: the instance's sender (`mail.default.from`), else the company's own address, else one at the
 * instance's host name that nobody reads.
 */
export async function senderOf(cx: Connection, company: number, origin: string): Promise<Address> {
  const [row] = await cx.query<SenderRow>(senderRow(company))
  const name = row?.name.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, 200) ?? 'ERP4'
  const { hostname } = new URL(origin)
  for (const address of [row?.fixed, row?.email, `no-reply@${hostname}`]) {
    const good = usableAddress(address)
    if (good) return { name, address: good }
  }
  return { name, address: 'no-reply@erp4.invalid' }
}
