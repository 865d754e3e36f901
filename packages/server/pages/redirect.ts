/** Where the browser goes after signing in when nothing else was asked for. */
export const home = '/web'

const maxLength = 2000

/**
 * The path to go to after signing in: `wanted` when it is a path of this host and nothing else, else the home page. Browsers read
 * `//evil`, `/\evil`, `/<tab>/evil` and `https:evil` as other hosts; whoever decodes once more reads `/%2f%2fevil` so too.
 */
export function safeRedirect(wanted: unknown): string {
  if (typeof wanted !== 'string' || wanted.length > maxLength || !/^\/[!-~]*$/.test(wanted) || wanted.includes('\\')) return home
  if (/^\/(\/|%2f|%5c|%0|%1)/i.test(wanted)) return home
  const url = URL.canParse(wanted, here) ? new URL(wanted, here) : undefined
  if (url?.origin !== here || url.pathname.startsWith('//')) return home
  // Back to the page that was just left would ask for the password again.
  if (url.pathname === '/web/login' || url.pathname.startsWith('/web/session/')) return home
  return url.pathname + url.search + url.hash
}

/** Where to sign in and come back from; a way back too long to be taken, and for a header, is left out. */
export const signInPath = (back: string): string =>
  back.length > maxLength ? '/web/login' : `/web/login?redirect=${encodeURIComponent(back)}`

const here = 'http://here.invalid'
