import { Readable as NodeReadable } from 'node:stream'
import type { Readable } from './row.ts'

/** Content at hand as a file to be read, for tests; in small pieces, so that what is cut in the middle is cut. */
export const fileOf = (content: Uint8Array, pieceBytes = 1000): Readable => ({
  size: content.byteLength,
  stream: (start = 0, end = content.byteLength - 1) =>
    NodeReadable.from(
      (function* () {
        for (let at = start; at <= end; at += pieceBytes) yield Buffer.from(content.subarray(at, Math.min(end + 1, at + pieceBytes)))
      })(),
    ),
})
