import { type Env, type Mailbox, UserError } from '@erp4/orm'
import type { Recipient } from './recipients.ts'

/**
 * Where this instance's letters come from: the address of its mail server's settings, else the company's, else the writer's own, else one that
 * nobody reads at its host name. The writer's name stands before it, and answers go to him.
 * @throws UserError where there is none at all
 */
export async function senderAddress(sys: Env<true>, writer: Pick<Recipient, 'name' | 'email'> | null): Promise<Mailbox> {
  const [server] = await sys.model('ir.mail_server').find([], ['from_address'], { limit: 1 })
  const [company] = await sys.model('res.company').browse([sys.me.company_id]).read(['name', 'partner_id.email_normalized'])
  const address = server?.from_address ?? company?.partner_id.email_normalized ?? writer?.email ?? unread(sys.call.origin)
  if (!address) throw new UserError(sys.t('There is no address to send letters from: give your company a mail address.'))
  return { name: writer?.name ?? company?.name ?? address, address }
}

/** At a name of the Internet; a number or a bare word is none. */
function unread(origin: string | null): string | null {
  const host = origin === null ? '' : new URL(origin).hostname
  return /^[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}$/.test(host) ? `noreply@${host}` : null
}
