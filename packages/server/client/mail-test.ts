import { AccessError, type Env, UserError } from '@erp4/orm'
import type { Instance } from '../instance.ts'
import { tryMailSettings } from '../mail/mailer.ts'
import { readMailServer, settingsOf } from '../mail/server.ts'
import type { MailServerRow } from '../sql/mail-server.ts'

/** `{id}`: the `ir.mail_server` to be tried, by who may change it. */
export async function mailServerAsked(env: Env, { id }: Readonly<Record<string, unknown>>): Promise<MailServerRow> {
  const refused = new AccessError(env.t('There is no such mail server, or you may not use it.'))
  if (!Number.isInteger(id) || (id as number) < 1 || (id as number) > 0x7fffffff || !env.registry.models.has('ir.mail_server'))
    throw refused
  const [seen] = await env
    .model('ir.mail_server' as never)
    .browse([id as number])
    .read(['display_name' as never])
  const row = seen && (await readMailServer(env.cx, id as number))
  if (!row) throw refused
  return row
}

/** Really connects, greets and signs in; nothing is sent. Answers the server's name. @throws UserError saying what failed */
export async function tryMailServer({ keys, record }: Instance, row: MailServerRow, mayBeInside: boolean): Promise<{ server: string }> {
  if (record.kind === 'copy') throw new UserError('This is a copy of an instance, and copies call nobody.')
  const failure = await tryMailSettings(await settingsOf(row, { keys, mayBeInside }))
  if (failure !== null) throw new UserError(failure)
  return { server: `${row.smtp_host}:${row.smtp_port}` }
}
