import { type Connection, sql } from '@erp4/orm'
import { type InstanceKeys, openBody } from '@erp4/server'

/** A letter that waits in an outbox, opened as only the instance can. */
export interface WaitingLetter {
  readonly id: number
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
  readonly sender: { readonly name?: string; readonly address: string }
  readonly reply: { readonly address: string } | null
  readonly language: string
  readonly files: number
}

/** The letters of an outbox that have not been sent, in the order in which they were written. */
export async function waitingLetters(cx: Connection, keys: InstanceKeys): Promise<WaitingLetter[]> {
  const rows = await cx.query<Omit<WaitingLetter, 'text' | 'html'> & { sealed: Buffer; message_id: string }>(sql`
    select id, recipients->0->>'address' as "to", subject, sender, reply_to as reply, language, sealed, message_id,
           (select count(*)::int4 from outbox_attachment a where a.outbox_id = o.id) as files
    from outbox o where sealed is not null order by id`)
  return rows.map(({ sealed, message_id, ...letter }) => {
    const body = openBody(keys, message_id, sealed)
    if (!body) throw new Error(`Letter ${letter.id} was sealed with another key.`)
    return { ...letter, text: body.text, html: body.html ?? '' }
  })
}
