import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where Debian's fonts-nanum, and the same font elsewhere, puts its files; ERP4_FONTS names another folder. */
const folders = ['/usr/share/fonts/truetype/nanum', '/usr/share/fonts/nanum', '/usr/local/share/fonts/nanum']

const files = { normal: 'NanumBarunGothic.ttf', bold: 'NanumBarunGothicBold.ttf' } as const

export type Fonts = { readonly [style in keyof typeof files]: Buffer }

/** The font of printed documents, Latin and Korean. Throws with what to do where it is not on this machine. */
export function readFonts(places: readonly string[] = [process.env['ERP4_FONTS'] ?? '', ...folders]): Fonts {
  const folder = places.find((place) => place !== '' && Object.values(files).every((file) => existsSync(join(place, file))))
  if (folder === undefined) {
    throw new Error(
      'No document can be printed: the font NanumBarunGothic is not on this machine. Install it (apt-get install fonts-nanum), or name its folder in ERP4_FONTS.',
    )
  }
  return { normal: readFileSync(join(folder, files.normal)), bold: readFileSync(join(folder, files.bold)) }
}
