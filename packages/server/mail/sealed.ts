import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { InstanceKeys } from '../hosting.ts'

const purpose = 'outbox'
const cipher = 'aes-256-gcm'
const [nonceBytes, tagBytes] = [12, 16]

/** What a mail says, as it waits: links in it open things, so neither the table nor a backup of it is to be read by others. */
export interface MailBody {
  readonly text: string
  readonly html: string | null
}

/** Nonce, AES-256-GCM under a key of this instance alone, tag. Bound to the mail by its Message-ID: no other mail can carry it. */
export function sealBody(keys: InstanceKeys, messageId: string, body: MailBody): Buffer {
  const nonce = randomBytes(nonceBytes)
  const sealing = createCipheriv(cipher, keys.derive(purpose), nonce).setAAD(Buffer.from(messageId))
  return Buffer.concat([nonce, sealing.update(JSON.stringify(body), 'utf8'), sealing.final(), sealing.getAuthTag()])
}

/** Null for what another instance's key sealed, for another mail, or what was altered. */
export function openBody(keys: InstanceKeys, messageId: string, sealed: Uint8Array): MailBody | null {
  // Other versions of the key are read from the disk: only where the present one does not open it.
  return (
    openWith(keys.derive(purpose), messageId, sealed) ??
    (keys.others?.(purpose) ?? [])
      .values()
      .map((key) => openWith(key, messageId, sealed))
      .find(Boolean) ??
    null
  )
}

function openWith(key: Buffer, messageId: string, sealed: Uint8Array): MailBody | null {
  try {
    const opening = createDecipheriv(cipher, key, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes })
      .setAAD(Buffer.from(messageId))
      .setAuthTag(sealed.subarray(-tagBytes))
    const clear = Buffer.concat([opening.update(sealed.subarray(nonceBytes, -tagBytes)), opening.final()])
    return JSON.parse(clear.toString('utf8')) as MailBody
  } catch {
    return null
  }
}
