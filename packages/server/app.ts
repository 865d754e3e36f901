import { randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import type * as framework from 'fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { BusyError, type Databases } from '@erp4/orm'
import { type Client, addClient } from './client/index.ts'
import { createDispatcher } from './dispatch.ts'
import { holdFenced } from './fenced.ts'
import { type RequestLimits, defaultRequestLimits, holdFloods } from './flood.ts'
import { type BodyLimits, BodyBudget, BodyTooLarge, defaultBodyLimits, readBodies } from './http/body.ts'
import { addContent } from './http/content.ts'
import { isByTls } from './http/facts.ts'
import { closedPolicy, securityHeaders, strictTransport } from './http/headers.ts'
import { requestedHost } from './http/hosts.ts'
import { type ListenOptions, Listeners, type Timeouts } from './http/listeners.ts'
import { type RouteDeclaration, demandDeclarations } from './http/routes.ts'
import { type Instance, type InstanceSources, Instances } from './instance.ts'
import { createLogger } from './logging.ts'
import { type Metrics, createMetrics } from './metrics.ts'
import { answerErrorPage, registerPages, wantsPage } from './pages/index.ts'
import { addPortal } from './portal/index.ts'
import { addDocumentation } from './rpc/doc.ts'
import { HttpError, errorData, wireError } from './rpc/errors.ts'
import { addJson2 } from './rpc/json2.ts'
import { addJsonRpc } from './rpc/jsonrpc.ts'
import { addSessionRpc } from './rpc/session.ts'
import { addXmlRpc } from './rpc/xmlrpc.ts'
import { refuseSuspended } from './suspended.ts'
import { addTransfer } from './transfer/index.ts'

const require = createRequire(import.meta.url)

export interface AppOptions extends InstanceSources {
  databases: Databases
  log?: Logger
  /** Addresses or networks (`10.0.0.0/8`) of the proxies whose `X-Forwarded-For` and `-Proto` are believed; of nobody else's. */
  trustedProxies?: readonly string[]
  bodies?: Partial<BodyLimits>
  timeouts?: Partial<Timeouts>
  requests?: Partial<RequestLimits>
  /** The built web client, from `readClient`; without one there are the protocols and the pages made here. */
  client?: Client | undefined
  /** Whether instances may name mail servers of the inside network; not unless the operator says so. */
  mailMayBeInside?: boolean
  /** Whether this process can do its work, for `/readyz`; asked while it is not stopping. */
  isReady?: () => Promise<boolean>
}

export interface App {
  readonly http: FastifyInstance
  readonly instances: Instances
  readonly metrics: Metrics
  /** Every route with who may use it: what tests crawl and reviews read. */
  readonly routes: readonly RouteDeclaration[]
  /** Whether it takes work: not stopping, and ready. */
  isReady(): Promise<boolean>
  /** Listens on these addresses, and no longer on others it listened on; gives the port. */
  listen(options: ListenOptions): Promise<number>
  /**
   * Stops without losing a request: what is under way is answered, kept connections are told to close at their next answer for `drainMs`, then
   * nobody new is let in. Whoever still is not done after `limitMs` is cut off.
   */
  stop(options?: { drainMs?: number; limitMs?: number }): Promise<void>
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The instance that owns the request's host name. */
    instance: Instance
  }
}

/** The HTTP application of all instances of this host. It listens nowhere yet. */
export function createApp(options: AppOptions): App {
  const instances = new Instances(options)
  const limits = { ...defaultBodyLimits, ...options.bodies }
  // Only here: whoever has no address, a worker or a command, does not wait for it.
  const { LogController, fastify } = require('fastify') as typeof framework
  const http = fastify({
    // Of routes that say nothing else: the framework's own would be 1 MB, less than most files.
    bodyLimit: limits.maxBytes,
    loggerInstance: options.log ?? createLogger(),
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: options.trustedProxies?.length ? [...options.trustedProxies] : false,
    return503OnClosing: false,
    requestIdHeader: false,
    genReqId: references(),
    routerOptions: { maxParamLength: 200, caseSensitive: true },
    // A path that cannot be decoded reaches no hook; the cast drops type parameters of routes, and there is no route.
    frameworkErrors: (_error, request, reply) => answerBadPath(instances, request as FastifyRequest, reply as FastifyReply),
  }) as unknown as FastifyInstance
  const budget = new BodyBudget(limits)
  const metrics = createMetrics({ databaseConnections: () => options.databases.size, heldBodyBytes: () => budget.heldBytes })
  const state = { isStopping: false }
  const isReady = async (): Promise<boolean> => !state.isStopping && (await (options.isReady?.() ?? true))

  // The line of a request names its reference itself; a logger of its own for each request would cost more than the line.
  http.setChildLoggerFactory((logger) => logger)
  const routes = demandDeclarations(http)
  http.decorateRequest('instance')
  http.addHook('onRequest', (request, reply, done) => {
    if (!admit(instances, request, reply)) return void reply.code(404).send()
    if (state.isStopping) reply.header('connection', 'close')
    done()
  })
  readBodies(http, budget)
  holdFenced(http, instances)
  refuseSuspended(http)
  holdFloods(http, { ...defaultRequestLimits, ...options.requests })
  observe(http, metrics)
  http.setErrorHandler(answerError)
  http.setNotFoundHandler(answerUnknown)

  const context = {
    databases: options.databases,
    metrics,
    dispatcher: createDispatcher(options),
    mailMayBeInside: options.mailMayBeInside ?? false,
  }
  addHealth(http, isReady)
  addXmlRpc(http, context)
  addJsonRpc(http, context)
  addSessionRpc(http, context)
  addJson2(http, context)
  addDocumentation(http, context)
  addContent(http, context.dispatcher)
  addClient(http, context, options.client)
  addPortal(http, context)
  addTransfer(http, context)
  registerPages(http, { ...context, hasClient: options.client !== undefined })

  const listeners = new Listeners((request, response) => http.routing(request, response), options.timeouts)
  return {
    http,
    instances,
    metrics,
    routes,
    isReady,
    async listen(where) {
      await http.ready()
      return listeners.listen(where)
    },
    async stop({ drainMs = 300, limitMs = 30_000 } = {}) {
      state.isStopping = true
      await new Promise((resolve) => setTimeout(resolve, drainMs))
      await listeners.close(limitMs)
      await http.close()
    },
  }
}

/** References of requests: unique over processes and restarts, and cheap. */
function references(): () => string {
  const prefix = randomBytes(5).toString('hex')
  let count = 0
  return () => `${prefix}-${(++count).toString(36)}`
}

/**
 * Finds the instance that owns the request's host name, exactly. Without one the answer is an empty 404, on every path and whatever else is in
 * the request: a stranger learns of no instance, no route and no version. A database named beside the host must be the same one.
 */
function admit(instances: Instances, request: FastifyRequest, reply: FastifyReply): boolean {
  const host = requestedHost(request.raw)
  const instance = host === undefined ? undefined : instances.byHost(host)
  if (!instance || namesAnother(request, instance)) return false
  request.instance = instance
  reply.headers(securityHeaders)
  reply.header('content-security-policy', closedPolicy)
  reply.header('cache-control', 'no-store')
  reply.header('x-request-id', request.id)
  if (isByTls(request)) reply.header('strict-transport-security', strictTransport)
  return true
}

function answerBadPath(instances: Instances, request: FastifyRequest, reply: FastifyReply): void {
  void reply.code(admit(instances, request, reply) ? 400 : 404).send()
}

function namesAnother(request: FastifyRequest, { name }: Instance): boolean {
  const header = request.headers['x-odoo-database']
  if (header !== undefined && header !== name) return true
  if (!request.raw.url!.includes('db=')) return false
  const { db } = (request.query ?? {}) as { db?: unknown }
  return db !== undefined && db !== name
}

function observe(http: FastifyInstance, metrics: Metrics): void {
  http.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown'
    const { statusCode, elapsedTime } = reply
    metrics.requests.observe({ route, method: request.method, status: statusCode }, elapsedTime / 1000)
    const instance = (request.instance as Instance | undefined)?.name
    request.log.info({
      reference: request.id,
      instance,
      method: request.method,
      route,
      status: statusCode,
      ms: Math.round(elapsedTime * 10) / 10,
    })
    done()
  })
}

/** What no route caught: a body too large, a busy server, or a mistake of ours. */
function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = error instanceof BodyTooLarge ? new HttpError(413, error.message) : error
  const told = wireError(known, 'json2', request.id)
  const status = told.isInternal ? statusOf(error) : told.status
  if (status >= 500) request.log.error({ reference: request.id, err: error }, 'A request failed.')
  if (error instanceof BusyError) reply.header('retry-after', '1')
  // What is left of a body that was refused is not read, so nothing else can be said on this connection.
  if (status === 413) reply.header('connection', 'close')
  return reply
    .code(status)
    .type('text/plain; charset=utf-8')
    .send(status >= 400 && status < 500 && told.isInternal ? 'Bad Request' : told.message)
}

/** The framework's own refusals (a malformed content type, a client that went away) carry their status. */
function statusOf(error: unknown): number {
  const { statusCode } = error as { statusCode?: unknown }
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? statusCode : 500
}

const postOnly = /^\/(?:xmlrpc|jsonrpc|web\/dataset)(?:\/|$)/

function answerUnknown(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = request.raw.url!.split('?', 1)[0]!
  if (path === '/json/2' || path.startsWith('/json/2/')) {
    const error = wireError(new HttpError(404, 'Did you mean POST /json/2/<model>/<method>?'), 'json2', request.id)
    return reply
      .code(404)
      .type('application/json; charset=utf-8')
      .send(JSON.stringify(errorData(error)))
  }
  if (postOnly.test(path) && request.method !== 'POST') return reply.code(405).header('allow', 'POST').send()
  if (wantsPage(request)) return answerErrorPage(request, reply, 404)
  return reply.code(404).type('text/plain; charset=utf-8').send('Not Found')
}

function addHealth(http: FastifyInstance, isReady: () => Promise<boolean>): void {
  const config = { access: 'public', forgery: 'harmless' } as const
  http.get('/healthz', { config }, async (_request, reply) => reply.type('text/plain').send('ok'))
  http.get('/readyz', { config }, async (_request, reply) =>
    (await isReady()) ? reply.type('text/plain').send('ready') : reply.code(503).send(),
  )
}
