/** Words of forms and what is in them. */
export const formEn = {
  addHeading: (kind: string) => `Add a ${kind.toLowerCase()}`,
  moveLine: (n: number) => `Move line ${n}`,
  moveLineHint: 'Drag it, or Alt ↑ and Alt ↓ in the line',
  moveLineKeys: 'Move the line with the cursor',
  lineOrder: 'Order of the lines',
}

export type FormTexts = typeof formEn
