import type { Texts } from '../i18n/index.ts'
import { ask } from '../rpc.ts'
import { tell, tellFailure } from '../ui/notify.ts'

/** Has the server connect to a mail server, and tells how that went. */
export async function tryMailServer({ params }: Readonly<Record<string, unknown>>, t: Texts): Promise<void> {
  const { id } = (params ?? {}) as { id?: unknown }
  tell(t.mailTestRunning)
  try {
    const { server } = await ask<{ server: string }>('mail_test', { id })
    tell(t.mailTestDone(server))
  } catch (error) {
    tellFailure(error, t)
  }
}
