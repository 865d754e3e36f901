import { AccessError, type Env, UserError } from '@erp4/orm'
import type { Instance } from '../instance.ts'
import { tryMailSettings } from '../mail/mailer.ts'
import { readMailServer, settingsOf } from '../mail/server.ts'
import type { MailServerRow } from '../sql/mail-server.ts'

/** A mail server to be tried, and the language of who asks. */
export interface Trial {
  readonly row: MailServerRow
  readonly lang: string
}

/** `{id}`: the `ir.mail_server` to be tried, by who may change it. */
export async function mailServerAsked(env: Env, { id }: Readonly<Record<string, unknown>>): Promise<Trial> {
  const { lang } = env.context
  const refused = new AccessError(
    lang.startsWith('ko') ? '그런 메일 서버가 없거나 사용할 권한이 없습니다.' : 'There is no such mail server, or you may not use it.',
  )
  if (!Number.isInteger(id) || (id as number) < 1 || (id as number) > 0x7fffffff || !env.registry.models.has('ir.mail_server'))
    throw refused
  const [seen] = await env
    .model('ir.mail_server' as never)
    .browse([id as number])
    .read(['display_name' as never])
  const row = seen && (await readMailServer(env.cx, id as number))
  if (!row) throw refused
  return { row, lang }
}

/** Really connects, greets and signs in; nothing is sent. Answers the server's name. @throws UserError saying what failed */
export async function tryMailServer({ keys, record }: Instance, { row, lang }: Trial, mayBeInside: boolean): Promise<{ server: string }> {
  if (record.kind === 'copy')
    throw new UserError(
      lang.startsWith('ko') ? '인스턴스의 사본이므로 외부에 연결하지 않습니다.' : 'This is a copy of an instance, and copies call nobody.',
    )
  const failure = await tryMailSettings(await settingsOf(row, { keys, mayBeInside }), lang)
  if (failure !== null) throw new UserError(failure)
  return { server: `${row.smtp_host}:${row.smtp_port}` }
}
