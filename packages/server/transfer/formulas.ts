import type { Text } from '@erp4/orm'

/** Signs at which a spreadsheet takes a cell for a formula (OWASP, CSV injection), the full-width ones of East Asian keyboards too. */
const risky = /^'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/

/**
 * A text as it is written into CSV, where only an apostrophe keeps a spreadsheet from running it. Apostrophes that stand there already get one
 * more, so that reading takes away exactly what writing put there.
 */
export const guarded = (text: string): string => (risky.test(text) ? `'${text}` : text)

/** What `guarded` was given; other programs write the same apostrophe for the same reason. */
export const unguarded = (cell: Text): Text => (typeof cell === 'string' && cell.startsWith("'") && risky.test(cell) ? cell.slice(1) : cell)
