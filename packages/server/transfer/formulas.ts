import type { Text } from '@erp4/orm'

/**
 * Where a spreadsheet takes what follows for a formula (OWASP, CSV injection; the full-width signs are those of East Asian keyboards): at
 * the beginning of a text, and within it behind whatever a program may separate cells by. One that separates by semicolons, as Excel does
 * in half of Europe, finds no quotation mark at the beginning of `"x;=1+1"` when another cell stands before it, and cuts the text in two.
 */
const begins = /^(?='*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])|(?<=[;|\t\r\n])(?=["']*[=+\-@\uff1d\uff0b\uff0d\uff20])/g
const marked = /^'(?='*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])|(?<=[;|\t\r\n])'(?=["']*[=+\-@\uff1d\uff0b\uff0d\uff20])/g

/**
 * A text as it is written into CSV, where only an apostrophe keeps a spreadsheet from running it. Apostrophes that stand there already get one
 * more, so that reading takes away exactly what writing put there.
 */
export const guarded = (text: string): string => text.replaceAll(begins, "'")

/** What `guarded` was given; other programs write the same apostrophe for the same reason. */
export const unguarded = (cell: Text): Text => (typeof cell === 'string' ? cell.replaceAll(marked, '') : cell)
