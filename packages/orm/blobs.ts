import type { Connection } from './databases.ts'
import type { Env } from './env.ts'
import { UserError } from './errors.ts'

/** Where the content of binary fields is kept, outside the rows that name it. The server implements it (files, encrypted). */
export interface BlobStore {
  /**
   * Keeps content for as long as the transaction's rows refer to it; gives its name, 64 hexadecimal digits. With a guest, throws, or lets the
   * transaction fail, where there is no room for him.
   */
  put(cx: Connection, content: Uint8Array, guest?: Guest): Promise<string>
  get(cx: Connection, name: string): Promise<Uint8Array>
  /** In bytes, without reading the content. */
  size(cx: Connection, name: string): Promise<number>
  /** What it is, told by its first bytes: `image/png`, `text/plain`, `application/octet-stream`. */
  type(cx: Connection, name: string): Promise<string>
}

/** Whose files are kept, and how he is told that there is no room. */
export interface Guest {
  readonly person: number
  /** `most`: megabytes that there are in all for the instance, or in a day for one person. */
  refuse(what: NoRoom, most: number): Error
}

export type NoRoom = 'instance' | 'person' | 'disk'

/** The caller of `env`; nobody where the system itself keeps files, which is not to fail in the middle of its work. */
export function guestOf(env: Env): Guest | undefined {
  if (env.isSystem) return undefined
  const sentences: Readonly<Record<NoRoom, (most: number) => string>> = {
    instance: (most) =>
      env.t(
        'There is no room for this file: all files together may take {most} MB. Delete some that nobody needs, or ask whoever runs ERP4.',
        {
          most,
        },
      ),
    person: (most) => env.t('There is no room for this file: one person may add {most} MB in a day. Try again tomorrow.', { most }),
    disk: () => env.t('There is no room for this file: the disk is full. Tell whoever runs ERP4.'),
  }
  return { person: env.user.id, refuse: (what, most) => new UserError(sentences[what](most)) }
}
