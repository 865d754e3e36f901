import type { Group } from './access.ts'
import type { FieldInfo, Model } from './registry.ts'
import { asksForWords, isSpoken } from './triggers.ts'

type Models = ReadonlyMap<string, Model>

/** Everything that is wrong with one model's declarations, as sentences for its author. */
export function checkModel(model: Model, models: Models, groups: ReadonlyMap<string, Group>): string[] {
  return [...checkNames(model), ...checkRules(model, groups), ...checkFields(model, models), ...checkPaths(model, models)]
}

function checkNames(model: Model): string[] {
  const problems: string[] = []
  if (!/^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$/.test(model.name) || model.name.length > 50)
    problems.push(`'${model.name}' cannot be a model's name: small letters, digits, _ and dots, at most 50`)
  for (const name of [...model.fields.keys(), ...model.methods.keys()]) {
    if (name.startsWith('x_')) problems.push(`${model.name}.${name}: names that begin with x_ are for the fields that people make`)
    if (!/^[a-z][a-z0-9_]{0,49}$/.test(name))
      problems.push(`${model.name}.${name}: a name has small letters, digits and _, at most 50, and begins with a letter`)
  }
  for (const [name, action] of model.actions) {
    if (model.fields.has(name)) problems.push(`${model.name}.${name} is a field and an action`)
    for (const key of Object.keys(action.args))
      if (/^\d+$/.test(key)) problems.push(`${model.name}.${name}: an argument cannot be called ${key}`)
  }
  return problems
}

function checkRules(model: Model, groups: ReadonlyMap<string, Group>): string[] {
  const problems: string[] = []
  if (!model.rules.some((rule) => rule.kind === 'grant'))
    problems.push(`${model.name}: no group is granted access; add it to the app's access.ts`)
  for (const rule of model.rules) {
    if (rule.group && !groups.has(rule.group.name))
      problems.push(`${model.name}: a rule names the group ${rule.group.name}, which no installed app lists in its groups`)
    for (const field of rule.fields as readonly string[])
      if (!model.fields.has(field)) problems.push(`${model.name}: ${rule.kind}() names '${field}', which does not exist`)
  }
  return problems
}

function checkFields(model: Model, models: Models): string[] {
  const problems: string[] = []
  for (const field of model.fields.values()) {
    const at = `${model.name}.${field.name}`
    const { options } = field
    if (options.compute && !model.computes.has(field.name) && !field.magic) problems.push(`${at} is computed, but nothing computes it`)
    if (options.related && options.compute) problems.push(`${at} is related and computed: one of them`)
    if (options.translate && !['char', 'text', 'html'].includes(field.kind))
      problems.push(`${at}: only char, text and html can be translated`)
    problems.push(...checkLanguage(field, models))
    if (options.companyDependent && (!field.column || options.translate || options.required))
      problems.push(`${at}: a company-dependent field is a stored column, neither translated nor required`)
    if (options['grouping'] !== undefined && field.kind !== 'integer')
      problems.push(`${at}: only whole numbers are written without separators`)
    if (field.kind === 'decimal' && options['currency'] !== undefined && model.fields.get(options['currency'])?.comodel !== 'res.currency')
      problems.push(`${at}: its currency is said to be in '${options['currency']}', which is no link to a currency`)
    if (field.kind === 'monetary' && !field.magic && !model.fields.has(options['currency'] ?? 'currency_id') && !options.related)
      problems.push(`${at}: a monetary field needs a currency field; name it with { currency: '…' }`)
    if (field.related) {
      const path = checkPath(model, field.related.join('.'), models, `${at} is related to`, true)
      problems.push(...(path.length > 0 ? path : checkRelated(field, models)))
    }
    if (field.comodel) problems.push(...checkRelation(field, models))
  }
  for (const computed of model.computes.keys()) {
    if (!model.fields.get(computed)?.options.compute)
      problems.push(`${model.name}.${computed} has a compute function, but is not declared with compute: 'stored' or 'live'`)
  }
  for (const unique of model.unique)
    for (const name of unique.fields)
      if (!model.fields.get(name)?.column) problems.push(`${model.name}: unique names '${name}', which is no stored field`)
  if (model.hasPath && model.fields.get('parent_id')?.comodel !== model.name)
    problems.push(`${model.name}.parent_path needs a many2one parent_id to ${model.name}`)
  return problems
}

/** Of a text that follows from what is said differently in each language, one for all would be English to everybody. */
function checkLanguage(field: FieldInfo, models: Models): string[] {
  const at = `${field.model.name}.${field.name}`
  const compute = field.model.computes.get(field.name)
  if (field.options.translate && field.computed === 'live')
    return [`${at} is read in the reader's language anyway: 'translate' is for what is stored`]
  if (!compute || field.computed !== 'stored' || field.options.translate) return []
  if (asksForWords(compute)) return [`${at} asks for words, but is stored once for all languages: declare it 'translate'`]
  const isText = field.kind === 'char' || field.kind === 'text' || field.kind === 'html'
  return isText && isSpoken(field.model, compute.needs, models)
    ? [`${at} follows from translated fields, but is stored once for all languages: declare it 'translate'`]
    : []
}

/** A related field shows what it leads to: it may be no more open than the fields on its way. */
function checkRelated(field: FieldInfo, models: Models): string[] {
  const at = `${field.model.name}.${field.name}`
  const here = readersOf(field.model, field.name)
  const problems: string[] = []
  let model = field.model
  for (const name of field.related!) {
    const step = model.fields.get(name)!
    if (step.options.secret) problems.push(`${at} would show ${model.name}.${name}, which is secret`)
    const there = readersOf(model, name)
    if (there && !(here && [...here].every((group) => there.has(group))))
      problems.push(`${at} would show ${model.name}.${name}, which is protected: protect() it for the same groups`)
    model = models.get(step.comodel ?? '') ?? model
  }
  return problems
}

/** The groups that a field is kept for, or null when it is for everyone. */
function readersOf(model: Model, field: string): Set<string> | null {
  const rules = model.rules.filter(
    (rule) => rule.kind === 'protect' && rule.operations.includes('read') && (rule.fields as readonly string[]).includes(field),
  )
  return rules.length === 0 ? null : new Set(rules.map((rule) => rule.group!.name))
}

function checkRelation(field: FieldInfo, models: Models): string[] {
  const at = `${field.model.name}.${field.name}`
  const comodel = models.get(field.comodel!)
  if (!comodel) return field.magic ? [] : [`${at} points to ${field.comodel}, which no installed app declares`]
  if (field.kind === 'one2many' && field.hangs === null) {
    const back = comodel.fields.get(field.inverse ?? '')
    if (back?.kind !== 'many2one' || back.comodel !== field.model.name)
      return [`${at}: ${field.comodel}.${field.inverse} is not a many2one back to ${field.model.name}`]
  }
  if (field.kind === 'many2many' && field.options['inverse']) {
    const back = comodel.fields.get(field.options['inverse'] as string)
    if (back?.kind !== 'many2many' || back.comodel !== field.model.name || back.options['inverse'])
      return [`${at}: ${field.comodel}.${field.options['inverse']} is not the many2many that keeps these links`]
  }
  return []
}

function checkPaths(model: Model, models: Models): string[] {
  const needs = [
    ...[...model.computes.values()].map((compute) => [compute.field, compute.needs] as const),
    ...model.constraints.map((constraint) => ['a constraint', constraint.needs] as const),
    ...model.onchanges.map((change) => [`the onchange of ${change.field}`, change.needs] as const),
  ]
  return needs.flatMap(([what, paths]) => paths.flatMap((path) => checkPath(model, path, models, `${model.name}: ${what} needs`, false)))
}

function checkPath(model: Model, path: string, models: Models, says: string, toOneOnly: boolean): string[] {
  let at: Model | undefined = model
  const steps = path.split('.')
  for (const [i, step] of steps.entries()) {
    const field: FieldInfo | undefined = at?.fields.get(step)
    if (!field) return [`${says} '${path}', which does not exist`]
    if (field.hangs !== null) return [`${says} '${path}', but what hangs by model and id is not followed when it changes`]
    if (i === steps.length - 1) return []
    if (!field.comodel) return [`${says} '${path}', but ${step} is no relation`]
    if (toOneOnly && field.kind !== 'many2one') return [`${says} '${path}', but only to-one relations may be crossed`]
    at = models.get(field.comodel)
  }
  return []
}

export { checkView } from './views-check.ts'
