import type { FastifyInstance, FastifyRequest } from 'fastify'
import {
  AccessError,
  type Env,
  type MethodInfo,
  type Model,
  NotFoundError,
  RawJson,
  callMethod,
  describeMethod,
  methodNames,
} from '@erp4/orm'
import { requestFacts } from '../http/facts.ts'
import { type RpcContext, reportError } from './context.ts'
import { json } from './envelope.ts'
import { bearer, sendHttpError } from './json2.ts'

/** `/doc-bearer/…`: which models, fields and methods there are for the holder of a key; clients of JSON-2 take argument names from it. */
export function addDocumentation(app: FastifyInstance, context: RpcContext): void {
  const add = (url: string, work: (env: Env, request: FastifyRequest) => Promise<unknown>): void => {
    app.get(url, { config: { access: 'key', forgery: 'harmless' } }, async (request, reply) => {
      const facts = requestFacts(request, 'json2')
      try {
        const described = await context.dispatcher.read(request.instance, bearer(request), facts, (env) => work(env, request))
        return reply.type(json).send(JSON.stringify(described))
      } catch (error) {
        return sendHttpError(reply, reportError(context, request, facts, error, 'json2'))
      }
    })
  }
  add('/doc-bearer/index.json', describeAll)
  add('/doc-bearer/:model.json', (env, { params }) => describeModel(env, (params as { model: string }).model))
}

async function describeAll(env: Env): Promise<unknown> {
  const models: unknown[] = []
  for (const model of env.registry.models.values()) {
    if (!(await mayRead(env, model.name))) continue
    const fields = await fieldsOf(env, model.name, ['string'])
    models.push({ model: model.name, name: model.label, fields, methods: methodNames(model) })
  }
  return { modules: env.registry.apps.map((app) => app.name), models }
}

/** A model that he may not read at all is to him as one that is not there. */
async function describeModel(env: Env, name: string): Promise<unknown> {
  const model = env.registry.models.get(name)
  if (!model || !(await mayRead(env, name))) throw new NotFoundError('model', `Object ${name.slice(0, 100)} doesn't exist`)
  return { model: name, name: model.label, doc: null, fields: await fieldsOf(env, name), methods: methodsOf(env, model) }
}

async function mayRead(env: Env, model: string): Promise<boolean> {
  try {
    return (await plain(callMethod(env, { model, method: 'check_access_rights', args: ['read', false], kwargs: {} }))) === true
  } catch (error) {
    if (error instanceof AccessError) return false
    throw error
  }
}

const fieldsOf = (env: Env, model: string, attributes?: readonly string[]): Promise<unknown> =>
  plain(callMethod(env, { model, method: 'fields_get', args: [], kwargs: attributes ? { attributes } : {} }))

const methodsOf = (env: Env, model: Model): Record<string, unknown> =>
  Object.fromEntries(
    methodNames(model)
      .map((name) => [name, describeMethod(env.registry, model.name, name)] as const)
      .filter((entry): entry is [string, MethodInfo] => entry[1] !== undefined)
      .map(([name, method]) => [name, describe(method, model)]),
  )

function describe(method: MethodInfo, model: Model): Record<string, unknown> {
  const parameters = method.params.map((param) => [param.name, 'default' in param ? { default: param.default ?? null } : {}])
  return {
    parameters: Object.fromEntries(parameters),
    api: [...(method.kind === 'model' ? ['model'] : []), ...(method.readonly ? ['readonly'] : [])],
    model: model.name,
    module: model.app,
    doc: null,
  }
}

async function plain(answer: Promise<unknown>): Promise<unknown> {
  const value = await answer
  return value instanceof RawJson ? JSON.parse(value.text) : value
}
