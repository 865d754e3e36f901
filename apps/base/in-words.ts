import { AccessError, type Env, type FieldInfo, type Model, type ModelName, choiceLabel, fieldLabel } from '@erp4/orm'

type Words = { text: string; binds: 'and' | 'or' | 'one' }

/**
 * A rule's domain as a sentence in the language of whoever asks: "Company is one of Azure and (Salesperson is Ann or Salesperson is not set)".
 * Names of records are those that he may see himself.
 */
export async function inWords(env: Env, model: Model, domain: readonly unknown[]): Promise<string> {
  const stack: Words[] = []
  for (const term of domain.toReversed()) {
    if (term === '!') stack.push({ text: env.t('not ({condition})', { condition: stack.pop()?.text ?? '' }), binds: 'one' })
    else if (term === '&' || term === '|') stack.push(joined(env, [stack.pop(), stack.pop()], term === '&' ? 'and' : 'or'))
    else stack.push({ text: await condition(env, model, term as readonly unknown[]), binds: 'one' })
  }
  return joined(env, stack.toReversed(), 'and').text
}

function joined(env: Env, parts: readonly (Words | undefined)[], by: 'and' | 'or'): Words {
  const known = parts.filter((part) => part !== undefined)
  if (known.length === 1) return known[0]!
  const word = by === 'and' ? env.t('and') : env.t('or')
  const texts = known.map(({ text, binds }) => (binds !== 'one' && binds !== by ? `(${text})` : text))
  return { text: texts.join(` ${word} `), binds: by }
}

async function condition(env: Env, model: Model, [left, operator, value]: readonly unknown[]): Promise<string> {
  const path = String(left).split('.')
  const fields = follow(env, model, path)
  const field = fields.map((one, i) => (one ? fieldLabel(env, one) : path[i])).join(' › ')
  const last = fields.at(-1)
  const target = last?.comodel ? env.registry.models.get(last.comodel) : path.at(-1) === 'id' ? model : undefined
  if ((operator === 'any' || operator === 'not any') && target) {
    const inner = Array.isArray(value) ? value : []
    if (inner.length === 0) return operator === 'any' ? env.t('{field} has any', { field }) : env.t('{field} has none', { field })
    const where = await inWords(env, target, inner)
    return operator === 'any'
      ? env.t('{field} has one where {condition}', { field, condition: where })
      : env.t('{field} has none where {condition}', { field, condition: where })
  }
  const given = Array.isArray(value) ? value : [value]
  if (given.length === 0)
    return operator === 'not in' ? env.t('{field} is anything', { field }) : env.t('{field} is none of these', { field })
  const names = await valueNames(env, last, target, given)
  const values = names.join(', ')
  switch (operator) {
    case '=':
    case 'in':
      return env.t('{field} is {values}', { field, values: names.join(` ${env.t('or')} `) })
    case '!=':
    case 'not in':
      return env.t('{field} is not {values}', { field, values: names.join(` ${env.t('or')} `) })
    case 'child_of':
      return env.t('{field} is at or below {values}', { field, values })
    default:
      return `${field} ${String(operator)} ${values}`
  }
}

function follow(env: Env, model: Model, path: readonly string[]): (FieldInfo | undefined)[] {
  let at: Model | undefined = model
  return path.map((name) => {
    const field: FieldInfo | undefined = at?.fields.get(name)
    at = field?.comodel ? env.registry.models.get(field.comodel) : undefined
    return field
  })
}

async function valueNames(
  env: Env,
  field: FieldInfo | undefined,
  target: Model | undefined,
  values: readonly unknown[],
): Promise<string[]> {
  const ids = target ? values.filter((value): value is number => typeof value === 'number') : []
  const found = ids.length > 0 ? await namesOf(env, target!.name as ModelName, ids) : new Map<number, string>()
  return values.map((value) => {
    if (value === null || value === false) return field?.kind === 'boolean' ? env.t('no') : env.t('not set')
    if (value === true) return env.t('yes')
    if (typeof value === 'number' && target) return found.get(value) || `#${value}`
    return field?.choices ? choiceLabel(env, field, String(value)) : env.t(String(value))
  })
}

async function namesOf(env: Env, model: ModelName, ids: readonly number[]): Promise<Map<number, string>> {
  try {
    const records = env.withContext({ active_test: false }).model(model).browse(ids)
    const rows = await records.read(['display_name'] as never)
    return new Map(rows.map((row) => [row.id, String((row as { display_name?: unknown }).display_name ?? '')]))
  } catch (error) {
    // No right on any record of the model: they keep their numbers.
    if (error instanceof AccessError) return new Map()
    throw error
  }
}
