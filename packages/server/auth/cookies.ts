/** The name clients look for. No `__Host-` prefix and no Domain: published clients cut this name out of the header (external-api §2). */
export const sessionCookieName = 'session_id'
/** Marks a browser that signed in here before, so that others' failures do not lock its owner out. */
export const deviceCookieName = 'known_device'

/** Must be the first Set-Cookie of its answer. */
export const sessionCookie = (token: string, { tls }: { tls: boolean }): string =>
  `${sessionCookieName}=${token}; Path=/; HttpOnly; SameSite=Lax${secure(tls)}`

export const deviceCookie = (device: string, { tls }: { tls: boolean }): string =>
  `${deviceCookieName}=${device}; Path=/web; Max-Age=31536000; HttpOnly; SameSite=Lax${secure(tls)}`

export const clearedSessionCookie = ({ tls }: { tls: boolean }): string =>
  `${sessionCookieName}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax${secure(tls)}`

/** Ties the sign-in form to the browser it was made for, before there is a session. */
export const formCookieName = 'sign_in_form'

export const formCookie = (holder: string, { tls, path }: { tls: boolean; path: string }): string =>
  `${formCookieName}=${holder}; Path=${path}; HttpOnly; SameSite=Strict${secure(tls)}`

/** Holds the token of a link from a mail while its page is open, so that it stands in no address of ours. */
export const linkCookieName = 'password_link'

/** Lax: the browser comes from a mail. An empty token takes the cookie away. */
export const linkCookie = (token: string, { tls, path }: { tls: boolean; path: string }): string =>
  `${linkCookieName}=${token}; Path=${path}; Max-Age=${token === '' ? 0 : 3600}; HttpOnly; SameSite=Lax${secure(tls)}`

const secure = (tls: boolean): string => (tls ? '; Secure' : '')

/**
 * The value of cookie `name`, or undefined. A name that comes twice is undefined too: someone could have set a second one from a
 * neighbouring host, and which of them wins is anybody's guess.
 */
export function cookieValue(header: string | undefined, name: string): string | undefined {
  const prefix = `${name}=`
  const found = (header ?? '')
    .split(';')
    .map((one) => one.trim())
    .filter((one) => one.startsWith(prefix))
  return found.length === 1 ? found[0]!.slice(prefix.length) : undefined
}
