import type { Connection } from './databases.ts'

/** Where the content of binary fields is kept, outside the rows that name it. The server implements it (files, encrypted). */
export interface BlobStore {
  /** Keeps content for as long as the transaction's rows refer to it; gives its name, 64 hexadecimal digits. */
  put(cx: Connection, content: Uint8Array): Promise<string>
  get(cx: Connection, name: string): Promise<Uint8Array>
  /** In bytes, without reading the content. */
  size(cx: Connection, name: string): Promise<number>
  /** What it is, told by its first bytes: `image/png`, `text/plain`, `application/octet-stream`. */
  type(cx: Connection, name: string): Promise<string>
}
