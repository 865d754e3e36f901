import type { FastifyInstance, RouteOptions } from 'fastify'

/** Who gets past a route's gate. */
export type RouteAccess =
  /** Anyone, signed in or not: the sign-in page, the version. */
  | 'public'
  /** Whoever's session cookie holds. */
  | 'session'
  /** Whoever brings an API key as bearer. */
  | 'key'
  /** Each call carries its user and password or key, and is checked by itself. */
  | 'credentials'

/** How a foreign page is kept from using someone's browser against the route. */
export type RouteForgery =
  /** Nothing is changed, so nothing can be forged: GET and HEAD, and no others. */
  | 'harmless'
  /** A JSON content type, which no form can send, and an `Origin` that is ours. */
  | 'json'
  /** A token that only our own page knows, in the form. */
  | 'form'
  /** The browser adds nothing by itself: the credentials are in the body. */
  | 'credentials'

/** A line of the route table, as reviewed and crawled by tests. */
export interface RouteDeclaration {
  method: string
  url: string
  access: RouteAccess
  forgery: RouteForgery
}

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: RouteAccess
    forgery?: RouteForgery
  }
}

const reading = new Set(['GET', 'HEAD'])
const accesses = new Set<unknown>(['public', 'session', 'key', 'credentials'] satisfies RouteAccess[])
const forgeries = new Set<unknown>(['harmless', 'json', 'form', 'credentials'] satisfies RouteForgery[])

/**
 * Makes `app` refuse, at start-up, every route that does not say who may use it and how forgery is kept out (claim C60). Returns the table
 * that fills as routes are added. To be called before the first route.
 */
export function demandDeclarations(app: FastifyInstance): readonly RouteDeclaration[] {
  const table: RouteDeclaration[] = []
  app.addHook('onRoute', (route) => void table.push(...declarations(route)))
  return table
}

function declarations(route: RouteOptions): RouteDeclaration[] {
  const { access, forgery } = route.config ?? {}
  const methods = [route.method].flat()
  if (!accesses.has(access) || !forgeries.has(forgery)) {
    throw new Error(`The route ${methods.join('|')} ${route.url} does not declare who may use it: give config: { access, forgery }.`)
  }
  return methods.map((method) => {
    if (reading.has(method) !== (forgery === 'harmless')) {
      throw new Error(`The route ${method} ${route.url} declares forgery '${forgery}': reading changes nothing, and only reading does.`)
    }
    return { method, url: route.url, access: access!, forgery: forgery! }
  })
}
