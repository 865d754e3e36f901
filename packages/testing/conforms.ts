import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AccessError, type App, type FieldInfo, type Model, UserError, assemble, callMethod } from '@erp4/orm'
import type { Actor } from './actor.ts'
import { type Samples, sampleValue, sampleValues } from './samples.ts'
import { world } from './world.ts'

/**
 * The checks every app must pass, whatever it does. `samples` gives values for models whose rules refuse records made up from
 * their declaration.
 */
export function conforms(app: App, { samples = {} }: { samples?: Samples } = {}): void {
  void test(`${app.name}: its declarations agree with each other and with those of the apps it depends on`, () => {
    assemble([app])
  })

  void test(`${app.name}: its rules are valid SQL for every group`, async (t) => {
    const { registry, person, system } = await world(app)
    // Some groups exist for code alone: there is no record of them, and nobody can be in them.
    const recorded = new Set((await system.model('res.groups').find([], ['key'])).map(({ key }) => key))
    const groups = [...registry.groups.values()].filter(({ name }) => recorded.has(name))
    const people = await Promise.all(groups.map((group) => person(group)))
    for (const model of modelsOf(app, registry.models)) await t.test(model.name, () => tryRules(people, model))
  })

  void test(`${app.name}: who is in no group reaches none of its records and none of its methods`, async (t) => {
    const { registry, person, system } = await world(app)
    const stranger = await person()
    for (const model of modelsOf(app, registry.models)) {
      await t.test(model.name, async () => {
        const before = await countAll(system, model)
        await assertClosed(stranger, model)
        assert.equal(await countAll(system, model), before, `${model.name} has as many records as before`)
      })
    }
  })

  void test(`${app.name}: fifty records take no more statements than one`, async (t) => {
    const { registry, system } = await world(app)
    for (const model of modelsOf(app, registry.models)) await t.test(model.name, () => assertBatched(system, model, samples))
  })
}

/** The models that the app itself declares. */
const modelsOf = (app: App, models: ReadonlyMap<string, Model>): Model[] => app.models.map(({ name }) => models.get(name as string)!)

const countAll = (system: Actor<true>, model: Model): Promise<number> =>
  system
    .with({ active_test: false })
    .model(model.name as never)
    .count([])

/** Each attempt is refused or done, but never a failure of the database. */
async function tryRules(people: readonly Actor[], model: Model): Promise<void> {
  for (const someone of people) {
    const table = someone.model(model.name as never)
    await allowOrRefuse(table.search([], { limit: 5 }))
    await allowOrRefuse(table.browse([1]).lock())
    await allowOrRefuse(
      someone.call((env) => callMethod(env, { model: model.name, method: 'name_search', args: [], kwargs: { limit: 5 } })),
    )
  }
}

async function allowOrRefuse(attempt: Promise<unknown>): Promise<void> {
  await attempt.catch((error: unknown) => {
    if (!(error instanceof AccessError)) throw error
  })
}

async function assertClosed(stranger: Actor, model: Model): Promise<void> {
  const table = stranger.model(model.name as never)
  const refused = (attempt: Promise<unknown>, what: string) =>
    assert.rejects(attempt, AccessError, `${model.name}: ${what} is refused to a stranger`)
  const seen = await table.search([]).catch((error: unknown) => {
    if (error instanceof AccessError) return { ids: [] }
    throw error
  })
  assert.deepEqual(seen.ids, [], `${model.name}: a stranger finds nothing`)
  await refused(table.create({} as never), 'create')
  await refused(table.browse([1]).write({}), 'write')
  await refused(table.browse([1]).unlink(), 'unlink')
  for (const [name, action] of model.actions) {
    // What needs no more than a name is for whoever holds an id; the methods of a model as a whole answer for themselves then.
    if (action.on === 'model' && action.needs === 'name') continue
    const args = Object.values(action.args).map((field) => argumentFor(field as FieldInfo))
    const call = { model: model.name, method: name, args: action.on === 'records' ? [[1], ...args] : args, kwargs: {} }
    await refused(
      stranger.call((env) => callMethod(env, call)),
      `${name}()`,
    )
  }
}

/** A valid argument: one that is missing or malformed would be refused before anybody asks for rights. */
function argumentFor(field: FieldInfo): unknown {
  if (field.kind === 'many2one') return 1
  if (field.kind === 'one2many' || field.kind === 'many2many') return [1]
  return sampleValue({ ...field, name: 'argument' }, 1)
}

/** Creates, reads, changes and deletes one record, then fifty, and compares the statements of each step. */
async function assertBatched(system: Actor<true>, model: Model, samples: Samples): Promise<void> {
  const one = await statementsFor(system, model, samples, 1, 1)
  const fifty = await statementsFor(system, model, samples, 101, 50)
  for (const [step, statements] of Object.entries(fifty)) {
    const few = one[step] ?? statements
    assert.ok(
      statements <= few,
      `${model.name}: to ${step} 50 records takes ${statements} statements, ${few} for one: a loop somewhere asks once for each record`,
    )
  }
}

/** What each step of a life takes, done to `count` records at once. */
async function statementsFor(
  system: Actor<true>,
  model: Model,
  samples: Samples,
  from: number,
  count: number,
): Promise<Record<string, number>> {
  const actor = system.with({ active_test: false })
  const spent: Record<string, number> = {}
  const measure = async <T>(step: string, work: () => Promise<T>): Promise<T> => {
    const result = await work()
    spent[step] = actor.statements
    return result
  }
  const values = await actor.call((sys) => sampleValues(sys, model, samples, from, count))
  const records = await measure('create', () => actor.model(model.name as never).create(values as never)).catch((error: unknown) => {
    const hint = `conforms() could not make up a valid ${model.name}; give it one: conforms(app, { samples: { '${model.name}': (n) => ({ … }) } })`
    throw error instanceof UserError ? new Error(hint, { cause: error }) : error
  })
  await measure('read', () => records.read(readable(model) as never))
  // Other values than they have: a write that changes nothing has nothing to recompute.
  const [others] = await actor.call((sys) => sampleValues(sys, model, samples, from + 1000, 1))
  const changes = shareable(model, others!)
  // Where even those cannot be the same for many, there is nothing to compare.
  const notForMany = (error: unknown): void => {
    if (!(error instanceof UserError)) throw error
  }
  if (Object.keys(changes).length > 0) await measure('write', () => records.write(changes as never)).catch(notForMany)
  await measure('delete', () => records.unlink())
  return spent
}

const readable = (model: Model): string[] =>
  [...model.fields.values()]
    .filter(({ kind, options, name }) => kind !== 'binary' && !options.secret && name !== 'id')
    .map(({ name }) => name)

/** Those values of one record that many can have. */
function shareable(model: Model, values: Record<string, unknown>): Record<string, unknown> {
  const unique = new Set(model.unique.flatMap(({ fields }) => fields))
  return Object.fromEntries(Object.entries(values).filter(([name]) => !unique.has(name)))
}
