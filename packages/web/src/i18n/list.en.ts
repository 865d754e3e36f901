/** Words of lists, and of how one chooses in them. */
export const listEn = {
  selectRows: 'Select rows',
  addChosen: (n: string) => `Add ${n}`,
  addChosenNone: 'Add',
  pickSeveralHint: 'Click one to add it, or tick several.',
  freezeColumn: (name: string) => `Keep the columns up to ${name} in sight`,
  unfreezeColumn: (name: string) => `Let the columns from ${name} on move`,
  linkToColumns: 'Copy a link with these columns',
  toList: 'To the list',
  searchedLately: 'Searched lately',
}

export type ListTexts = typeof listEn
