import type { IncomingMessage } from 'node:http'

const spelled = /^(\[[0-9a-fA-F:.]{2,45}\]|[^\s:/?#@[\]\\]{1,253})(?::\d{1,5})?$/

/**
 * The host name a request is for, as the host table spells it: lower case, without port and without a trailing dot. Undefined when
 * the header is missing, malformed or sent twice: two readers of such a request (a proxy and we) could understand different instances.
 */
export function requestedHost(request: Pick<IncomingMessage, 'headers' | 'rawHeaders' | 'url'>): string | undefined {
  const { host } = request.headers
  // A request line may carry its own host (`GET http://other/ HTTP/1.1`); only plain paths are answered, so that there is one authority.
  if (host === undefined || request.url?.charCodeAt(0) !== slash || hasTwoHosts(request.rawHeaders)) return undefined
  return hostName(host)
}

/** The host name in a `Host` header's value, or undefined when it is not one. */
export function hostName(header: string): string | undefined {
  const name = spelled.exec(header)?.[1]?.toLowerCase()
  return name?.endsWith('.') ? name.slice(0, -1) : name
}

const slash = 47

function hasTwoHosts(rawHeaders: readonly string[]): boolean {
  let seen = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    if (name.length === 4 && name.toLowerCase() === 'host') seen++
  }
  return seen > 1
}
