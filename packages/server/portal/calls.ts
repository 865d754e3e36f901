import type { FastifyRequest } from 'fastify'
import { type Connection, type Databases, type Env, asSentence, finishCall } from '@erp4/orm'
import { openSystemEnv } from '../env.ts'

/**
 * A call of somebody who has no account: it runs as the system, and what he may do in it is the desk's to judge. A writing one is a
 * transaction, with the instance marked for its worker and sealer.
 */
export async function callForReader<T>(
  databases: Databases,
  request: FastifyRequest,
  how: 'reading' | 'writing',
  work: (sys: Env<true>) => Promise<T>,
): Promise<T> {
  const { instance } = request
  const open = async (cx: Connection) =>
    openSystemEnv(cx, {
      registry: await instance.registryAt(cx),
      files: instance.files,
      keys: instance.keys,
      source: 'portal',
      origin: instance.record.origin,
    })
  if (how === 'reading') return databases.use(instance.database, async (cx) => work(await open(cx)))
  await instance.markActive()
  return databases.transaction(instance.database, async (cx) => {
    const sys = await open(cx)
    try {
      const answer = await work(sys)
      await finishCall(sys)
      return answer
    } catch (error) {
      throw asSentence(sys, error)
    }
  })
}
