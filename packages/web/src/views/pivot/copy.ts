/** Where a text would begin a formula: as in the export of lists, which says why (packages/server/transfer/formulas.ts). */
const begins = /^(?='*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])|(?<=[;|\t\r\n])(?=["']*[=+\-@\uff1d\uff0b\uff0d\uff20])/g

/** A spreadsheet runs what begins like a formula; text is kept text by a mark before it. */
const plain = (text: string): string => text.replaceAll(begins, "'")

export type Line = readonly (string | number)[]

const cellText = (cell: string | number): string => (typeof cell === 'number' ? String(cell) : plain(cell))

/** Comma-separated, as RFC 4180 has it, with the mark by which spreadsheets know UTF-8. */
export const csvOf = (lines: readonly Line[]): string =>
  `\uFEFF${lines.map((line) => line.map((cell) => quoted(cellText(cell))).join(',')).join('\r\n')}\r\n`

const quoted = (text: string): string => (/[",;|\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

/** As spreadsheets take it from the clipboard. */
export const tabbed = (lines: readonly Line[]): string =>
  lines.map((line) => line.map((cell) => cellText(cell).replaceAll(/[\t\r\n]+/g, ' ')).join('\t')).join('\n')

export function download(name: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }))
  const link = Object.assign(document.createElement('a'), { href: address, download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}
