/** Words of forms and what is in them. */
export const formEn = {
  createAndEdit: 'Create and edit…',
  searchMore: 'Search more…',
  newIn: (field: string) => `New: ${field}`,
  searchIn: (field: string) => `Search: ${field}`,
  hours: 'Hours',
  minutes: 'Minutes',
  amPm: 'AM or PM',
  print: 'Print',
  copyLink: 'Copy link',
  linkCopied: 'The link is copied.',
  addHeading: (kind: string) => `Add a ${kind.toLowerCase()}`,
  moveLine: (n: number) => `Move line ${n}`,
  moveLineHint: 'Drag it, or Alt ↑ and Alt ↓ in the line',
  moveLineKeys: 'Move the line with the cursor',
  lineOrder: 'Order of the lines',
  savedByItself: 'Saved by itself.',
  notYet: (why: string) => `Not yet: ${why}`,
  stepUnsaved: 'Save it first.',
  stepNotFrom: (now: string) => `Nothing leads here from “${now}”.`,
  stepNotYours: 'Your rights do not include this step.',
  stepQuestion: (step: string) => `Take it on to “${step}”?`,
}

export type FormTexts = typeof formEn
