/** Which cells of a workbook are days and times: their numbers are the same as any others, and only how they are shown tells. */
export interface Dates {
  readonly is1904: boolean
  isDate(style: number): boolean
}

/** Formats that are built in (ECMA-376 §18.8.30), the East Asian ones too. */
const builtIn = (id: number): boolean =>
  (id >= 14 && id <= 22) || (id >= 27 && id <= 36) || (id >= 45 && id <= 47) || (id >= 50 && id <= 58)

/** `styles`: for each style of cells the number of its format; `formats`: those that the workbook itself declares. */
export function datesOf(styles: readonly number[], formats: ReadonlyMap<number, string>, is1904: boolean): Dates {
  const known = styles.map((id) => {
    const code = formats.get(id)
    return code === undefined ? builtIn(id) : isDateFormat(code)
  })
  return { is1904, isDate: (style) => known[style] ?? false }
}

/** `yyyy"년" m"월"` shows a day, `0.00" m"` does not: what is quoted, escaped or in brackets is no part of the pattern. */
const isDateFormat = (code: string): boolean => {
  // Excel writes 255 signs at most. In a million brackets that are never closed, each is looked for the end of.
  if (code.length > 255) return false
  const [first = ''] = code.replaceAll(/"[^"]*"|\\.|_.|\*./g, '').split(';')
  const bare = first.replaceAll(/\[(?!h+\]|m+\]|s+\])[^\]]*\]/gi, '')
  return /[dmyhs]/i.test(bare) && !/[0#?]/.test(bare.replaceAll(/[sS]\.0+/g, ''))
}

const dayMs = 86_400_000

/** A day number as the text of a day, of a moment, or of a time alone; the spreadsheet's own clock, which has no zone. */
export function textOfSerial(serial: number, is1904: boolean): string {
  // Excel believes that 1900 was a leap year; days before that February are one off.
  const days = is1904 ? serial + 1462 : serial < 60 ? serial + 1 : serial
  const at = new Date(Math.round((days - 25569) * 86_400) * 1000)
  if (Number.isNaN(at.getTime()) || at.getUTCFullYear() > 9999 || at.getUTCFullYear() < 1) return String(serial)
  const text = at.toISOString().slice(0, 19).replace('T', ' ')
  if (serial >= 0 && serial < 1) return text.slice(11)
  return at.getTime() % dayMs === 0 ? text.slice(0, 10) : text
}
