/** Bytes of a drawn signature: far more than lines on a canvas take. */
const mostBytes = 300_000
/** Points on each side: what the canvas of our script can be, and some. */
const mostPoints = 2000

/**
 * The PNG that was drawn, out of its `data:` address; null where nothing was. Throws nothing: what is no small PNG is nothing. Only its head
 * is read here, so that nothing large is ever unpacked.
 */
export function drawnPicture(address: string | undefined): Uint8Array | null {
  const [, base64] = /^data:image\/png;base64,([A-Za-z0-9+/]+={0,2})$/.exec(address ?? '') ?? []
  if (base64 === undefined || base64.length > (mostBytes * 4) / 3) return null
  const bytes = Buffer.from(base64, 'base64')
  const isPng = bytes.length > 57 && bytes.subarray(0, 16).equals(pngHead)
  if (!isPng) return null
  const [width, height, depth, colour] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20), bytes[24], bytes[25]]
  const isDrawn = width > 0 && height > 0 && width <= mostPoints && height <= mostPoints && depth === 8 && colour === 6
  return isDrawn ? bytes : null
}

/** The signature of PNG files, and the length and name of the chunk that all begin with (PNG, 5.2 and 11.2.1). */
const pngHead = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52])
