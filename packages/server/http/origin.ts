import type { IncomingHttpHeaders } from 'node:http'

/**
 * Whether a request with a JSON body may come from where it says it comes. Browsers name the page's origin, programs do not: no
 * `Origin` and no `Sec-Fetch-Site` is a program, which brings its own credentials; a present one must be ours, compared exactly
 * (a prefix or a suffix is how `example.com.evil.org` passes).
 *
 * `own` are the spellings of this instance's origin: the configured one, and the one the request was sent to (its `Host` has been
 * looked up exactly, so no other site can claim it).
 */
export function isFromOurPages(headers: IncomingHttpHeaders, own: readonly string[]): boolean {
  const { origin } = headers
  const site = headers['sec-fetch-site']
  if (origin !== undefined && !own.includes(origin)) return false
  return site === undefined || site === 'same-origin' || site === 'none'
}
