import {
  type Connection,
  Databases,
  type Env,
  type FreezeVerdict,
  type Model,
  type Operation,
  type Registry,
  type RuleVerdict,
  explain,
} from '@erp4/orm'
import { openEnv, userByLogin } from '@erp4/server'
import type { InstanceAccess } from '../erp.ts'
import { CommandError } from '../exit-codes.ts'
import { loadApps } from './apps.ts'

const operations: readonly Operation[] = ['read', 'create', 'write', 'unlink', 'name']

export interface RightsQuestion {
  /** A login. */
  user: string
  operation: string
  model: string
  id: number
}

/** Which rules decide whether the user may do that to the record: the verdict, each rule, and the fields that stay closed to him. */
export async function why({ record, runtime }: InstanceAccess, question: RightsQuestion): Promise<string[]> {
  const registry = (await loadApps())(record.apps)
  const databases = new Databases(async () => runtime, { total: 1, perDatabase: 1 })
  try {
    return await databases.use(record.database, (cx) => explainRight(cx, registry, question))
  } finally {
    await databases.close()
  }
}

/** The same on a connection. Throws CommandError for an operation, model or active user that there is not. */
export async function explainRight(cx: Connection, registry: Registry, question: RightsQuestion): Promise<string[]> {
  const operation = operations.find((one) => one === question.operation)
  if (!operation) throw new CommandError('usage', `The operation is one of ${operations.join(', ')}.`)
  const model = registry.models.get(question.model)
  if (!model) throw new CommandError('not_found', `No installed app has a model ${JSON.stringify(question.model)}.`)
  const acting = await userByLogin(cx, registry, question.user)
  if (!acting) throw new CommandError('not_found', `There is no active user ${JSON.stringify(question.user)}.`)
  return answer(openEnv(cx, acting, { registry, files: null, source: 'why' }), model, operation, question.id)
}

async function answer(env: Env, model: Model, operation: Operation, id: number): Promise<string[]> {
  const { allowed, exists, because, rules, freezes } = await explain(env, model, operation, id)
  const closed = closedFields(env, model, operation)
  return [
    `${allowed ? 'Yes' : 'No'}. ${because}`,
    ...(rules.length ? ['', ...rules.map(sentence)] : []),
    ...(exists && freezes.length ? ['', ...freezes.map(freezing)] : []),
    ...(closed.length ? ['', `Fields that he may not ${operation}: ${closed.join(', ')}.`] : []),
  ]
}

function sentence({ kind, group, domain, counts, holds }: RuleVerdict): string {
  const whom = kind === 'guard' ? 'a guard for everyone' : `${group} (${counts ? 'he is a member' : 'he is no member'})`
  return `  ${holds && counts ? '✔' : '✖'} ${whom}: ${domain.length ? JSON.stringify(domain) : 'any record'}`
}

function freezing({ fields, domain, isOpen, says }: FreezeVerdict): string {
  const names = fields.join(', ')
  return isOpen
    ? `  ✔ open while it fulfils ${JSON.stringify(domain)}: ${names}`
    : `  ✖ kept as they are for everyone, since it does not fulfil ${JSON.stringify(domain)} (“${says}”): ${names}`
}

/** Protected for groups of which he is in none. */
function closedFields(env: Env, model: Model, operation: Operation): string[] {
  const protections = model.rules.filter((rule) => rule.kind === 'protect' && rule.operations.includes(operation))
  const names = new Set(protections.flatMap(({ fields }) => fields as readonly string[]))
  const isOpen = (name: string): boolean =>
    protections.some(({ fields, group }) => (fields as readonly string[]).includes(name) && env.isIn(group!))
  return [...names].filter((name) => !isOpen(name))
}
