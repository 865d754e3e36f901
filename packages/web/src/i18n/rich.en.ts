/** The words of the editor of formatted text. */
export const richEn = {
  formatting: 'Formatting',
  bold: 'Bold',
  italic: 'Italic',
  bullets: 'List',
  numbers: 'Numbered list',
  link: 'Link',
  linkTo: 'Link to',
  linkPlaceholder: 'https://… or an e-mail address',
  setLink: 'Set',
  removeLink: 'Remove the link',
  noLink: 'A link leads to an address of the web or of e-mail.',
  hasMore: 'This text holds more than can be written here, tables or pictures for instance. It stays as it is, or you',
  writeOn: 'write on without that',
}

export type RichTexts = typeof richEn
