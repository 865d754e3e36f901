/** A piece of formatted text: words, or an element that may be shown. */
export type Piece = string | { readonly tag: string; readonly href?: string; readonly children: Piece[] }

const shown = new Set([
  'p',
  'div',
  'span',
  'br',
  'b',
  'strong',
  'i',
  'em',
  'u',
  's',
  'ul',
  'ol',
  'li',
  'h1',
  'h2',
  'h3',
  'h4',
  'blockquote',
  'pre',
  'code',
  'a',
  'hr',
  'table',
  'thead',
  'tbody',
  'tr',
  'td',
  'th',
])
const empty = new Set(['br', 'hr', 'img', 'input', 'meta', 'link', 'col', 'wbr'])
const dropped = new Set(['script', 'style', 'iframe', 'object', 'template', 'svg', 'math', 'noscript'])

/**
 * Formatted text as data, from what the server has sanitised. Elements that are not listed lose their tags and keep their words; attributes
 * other than a web link's address are not looked at. So whatever the text is, it can only ever become these elements.
 */
export function parseMarkup(html: string): Piece[] {
  const root: Piece[] = []
  const open: { tag: string; children: Piece[] }[] = []
  const put = (piece: Piece): void => void (open.at(-1)?.children ?? root).push(piece)
  let skipping: string | null = null
  for (const [token] of html.matchAll(/<!--[\s\S]*?-->|<\/?[a-zA-Z][^>]*>|[^<]+|</g)) {
    const [, slash, name = ''] = /^<(\/?)([a-zA-Z][\w-]*)/.exec(token) ?? []
    const tag = name.toLowerCase()
    if (skipping !== null) {
      if (slash && tag === skipping) skipping = null
    } else if (token.startsWith('<!--')) continue
    else if (tag === '') put(decoded(token))
    else if (dropped.has(tag)) skipping = slash || token.endsWith('/>') ? null : tag
    else if (!shown.has(tag)) continue
    else if (slash) close(open, tag)
    else {
      const made = { tag, children: [] as Piece[], ...(tag === 'a' ? linkOf(token) : {}) }
      put(made)
      if (!empty.has(tag) && !token.endsWith('/>')) open.push(made)
    }
  }
  return root
}

function close(open: { tag: string }[], tag: string): void {
  const at = open.findLastIndex((one) => one.tag === tag)
  if (at >= 0) open.length = at
}

function linkOf(token: string): { href?: string } {
  const [, , quoted] = /\shref\s*=\s*(["'])(.*?)\1/i.exec(token) ?? []
  const href = decoded(quoted ?? '')
  return /^(?:https?:|mailto:|\/(?!\/))/i.test(href) ? { href } : {}
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' }

const decoded = (text: string): string =>
  text.replaceAll(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w{2,8}));/gi, (whole, decimal?: string, hex?: string, name?: string) => {
    const code = decimal ? Number(decimal) : hex ? Number.parseInt(hex, 16) : undefined
    if (code !== undefined) return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : ''
    return entities[name!.toLowerCase()] ?? whole
  })
