import { isSoundPng } from '../documents/index.ts'

/** Bytes of a drawn signature: far more than lines on a canvas take. */
const mostBytes = 300_000
/** Points on each side: what the canvas of our script can be, and some. */
const mostPoints = 2000

/**
 * The PNG that was drawn, out of its `data:` address; null where nothing was. Throws nothing: what is no small, sound PNG with a colour and an
 * opacity for each point is nothing. Were it kept, what was signed could never be printed, and neither side would get it.
 */
export function drawnPicture(address: string | undefined): Uint8Array | null {
  const [, base64] = /^data:image\/png;base64,([A-Za-z0-9+/]+={0,2})$/.exec(address ?? '') ?? []
  if (base64 === undefined || base64.length > (mostBytes * 4) / 3) return null
  const bytes = Buffer.from(base64, 'base64')
  const isDrawn = bytes.length > 57 && bytes[24] === 8 && bytes[25] === 6
  return isDrawn && isSoundPng(bytes, mostPoints) ? bytes : null
}
