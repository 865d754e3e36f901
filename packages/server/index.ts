export { accountsFor } from './accounts.ts'
export { type App, type AppOptions, createApp } from './app.ts'
export * from './audit/index.ts'
export {
  type Acting,
  type AuthInstance,
  type Signed,
  demandPassword,
  hashPassword,
  makeKey,
  preparers,
  sweepSignIns,
  userById,
  userByLogin,
  verifyPassword,
} from './auth/index.ts'
export { type Client, readClient } from './client/index.ts'
export { type Credentials, type Dispatcher, type ModelCall, type RequestFacts, createDispatcher } from './dispatch.ts'
export { type EnvOptions, openEnv, openSystemEnv, systemUser } from './env.ts'
export * from './files/index.ts'
export type { Hosting, InstanceKeys, InstanceRecord } from './hosting.ts'
export { type RequestLimits, defaultRequestLimits } from './flood.ts'
export { type BodyLimits, defaultBodyLimits } from './http/body.ts'
export { hostName, requestedHost } from './http/hosts.ts'
export { type ListenOptions, type Timeouts, defaultTimeouts } from './http/listeners.ts'
export type { RouteAccess, RouteDeclaration, RouteForgery } from './http/routes.ts'
export { type Instance, type InstanceSources, Instances } from './instance.ts'
export * from './jobs/index.ts'
export { type LogOptions, createLogger } from './logging.ts'
export * from './mail/index.ts'
export { OwnRegistries } from './own-registries.ts'
export { type Metrics, serveMetrics } from './metrics.ts'
export { versionInfo } from './rpc/version.ts'
export { type Swept, type UpkeepOptions, scheduleUpkeep, upkeepJob, upkeepName } from './upkeep.ts'
export { serverTables } from './sql/tables.ts'
