import type { FastifyRequest } from 'fastify'
import type { Dispatcher, RequestFacts } from '../dispatch.ts'
import type { Metrics } from '../metrics.ts'
import { type Dialect, type WireError, wireError } from './errors.ts'
import type { ServiceContext } from './services.ts'

/** What every protocol stands on. */
export interface RpcContext extends ServiceContext {
  readonly dispatcher: Dispatcher
  readonly metrics: Metrics
  /** Whether instances may name mail servers of the inside network. */
  readonly mailMayBeInside: boolean
}

/** Logs and counts a call's failure, and gives what the caller may know of it. */
export function reportError(
  { metrics }: RpcContext,
  request: FastifyRequest,
  facts: RequestFacts,
  error: unknown,
  dialect: Dialect,
): WireError {
  const told = wireError(error, dialect, request.id)
  metrics.calls.inc({ skin: facts.skin, outcome: told.isInternal ? 'failed' : 'refused' })
  if (told.isInternal)
    request.log.error({ reference: request.id, instance: request.instance.name, skin: facts.skin, err: error }, 'A call failed.')
  else request.log.debug({ reference: request.id, kind: told.name }, 'A call was refused.')
  return told
}

export const countAnswer = ({ metrics }: RpcContext, facts: RequestFacts): void =>
  metrics.calls.inc({ skin: facts.skin, outcome: 'answered' })
