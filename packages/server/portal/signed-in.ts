import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Databases, type Env, asSentence, finishCall } from '@erp4/orm'
import { type Signed, sessionUser } from '../auth/index.ts'
import { openEnv } from '../env.ts'
import { sessionToken } from '../http/facts.ts'
import { signInPath } from '../pages/redirect.ts'

/** Where people from outside who sign in are at home. */
export const home = '/my'

/** For whoever is signed in; others sign in first, and come back to what they asked for. */
export async function asUser(
  databases: Databases,
  request: FastifyRequest,
  reply: FastifyReply,
  answer: (signed: Signed) => Promise<FastifyReply>,
): Promise<FastifyReply> {
  const { instance } = request
  const signed = await databases.use(instance.database, (cx) => sessionUser(cx, instance, sessionToken(request)))
  if (signed?.session) return answer(signed)
  return reply.redirect(signInPath(request.method === 'GET' ? request.url : home), 303)
}

/** A call of this user with his rights; who he is was found out in a call before, so that it is asked again within a writing one. */
export async function callAs<T>(
  databases: Databases,
  request: FastifyRequest,
  how: 'reading' | 'writing',
  work: (env: Env) => Promise<T>,
): Promise<T | null> {
  const { instance } = request
  const open = async (cx: Parameters<typeof openEnv>[0]): Promise<Env | null> => {
    const signed = await sessionUser(cx, instance, sessionToken(request))
    if (!signed?.session) return null
    const { files, keys, record } = instance
    const registry = await instance.registryAt(cx, signed.schema)
    return openEnv(cx, signed, { registry, files, keys, source: 'portal', origin: record.origin, session: signed.session })
  }
  if (how === 'reading') return databases.use(instance.database, async (cx) => open(cx).then((env) => env && work(env)))
  await instance.markActive()
  return databases.transaction(instance.database, async (cx) => {
    const env = await open(cx)
    if (!env) return null
    try {
      const answer = await work(env)
      await finishCall(env)
      return answer
    } catch (error) {
      throw asSentence(env, error)
    }
  })
}
