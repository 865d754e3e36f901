import { setTimeout as pause } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { BusyError } from '@erp4/orm'
import { requestedHost } from './http/hosts.ts'
import type { Instances } from './instance.ts'
import { wireError } from './rpc/errors.ts'
import { answerUnavailable, ofTheProcess } from './suspended.ts'

/** A restore fences an instance for a fraction of a second; who waits longer is better told. */
const defaultPatienceMs = 5_000
const retryAfterSeconds = 2

/**
 * Holds requests for an instance that a restore is about to replace, and sends them on to the generation that is there afterwards. Whoever
 * would wait too long is told to come again. To be called before routes are added, and before whatever looks at the instance.
 */
export function holdFenced(http: FastifyInstance, instances: Instances, patienceMs = defaultPatienceMs): void {
  http.addHook('preHandler', async (request, reply) => {
    if (!request.instance.record.isFenced || ofTheProcess.has(request.routeOptions.url ?? '')) return undefined
    const host = requestedHost(request.raw)!
    const deadline = Date.now() + patienceMs
    for (let found = instances.byHost(host); Date.now() < deadline; found = instances.byHost(host)) {
      if (found && !found.record.isFenced) {
        request.instance = found
        return undefined
      }
      await pause(20)
    }
    reply.header('retry-after', String(retryAfterSeconds))
    return answerUnavailable(request, reply, wireError(new BusyError(), 'rpc', request.id))
  })
}
