/**
 * A text from a file that anybody may have made, as it can be shown on a terminal: nothing in it moves a cursor, sets a title, hides or turns
 * around what stands beside it, and it has an end.
 */
export function printable(text: string, most = 300): string {
  const shown = text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, (one) => `\\u{${one.codePointAt(0)!.toString(16)}}`)
  return shown.length > most ? `${shown.slice(0, most)}…` : shown
}
