/** Moves the focus from a card's link to the next card in the direction of the key; false where there is none, or for another key. */
export function neighbour(key: string, link: HTMLElement): boolean {
  const list = link.closest('[data-cards]')
  const around = link.closest('.board, .cards')
  if (!list || !around) return false
  const lists = [...around.querySelectorAll('[data-cards]')].filter((one) => one.querySelector('.kard-title'))
  const own = linksIn(list)
  const at = own.indexOf(link)
  const aside = lists[lists.indexOf(list) + (key === 'ArrowLeft' ? -1 : 1)]
  const wanted: Readonly<Record<string, () => HTMLElement | undefined>> = {
    ArrowDown: () => own[at + 1],
    ArrowUp: () => own[at - 1],
    Home: () => own[0],
    End: () => own.at(-1),
    ArrowLeft: () => (aside ? (linksIn(aside)[at] ?? linksIn(aside).at(-1)) : own[at - 1]),
    ArrowRight: () => (aside ? (linksIn(aside)[at] ?? linksIn(aside).at(-1)) : own[at + 1]),
  }
  const next = wanted[key]?.()
  next?.focus()
  return next !== undefined
}

const linksIn = (list: Element): HTMLElement[] => [...list.querySelectorAll<HTMLElement>('.kard-title')]
