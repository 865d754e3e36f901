import { type Env, type Model, type ModelName, UserError, inSavepoint } from '@erp4/orm'

/** What the examples are, and which of them have to stay because people use them. */
export interface DemoReport {
  readonly counts: readonly { readonly model: string; readonly label: string; readonly count: number }[]
  readonly used: readonly UsedExample[]
}

export interface UsedExample {
  readonly model: string
  readonly id: number
  readonly name: string
  /** Who uses it: a label of the model and how many, `Sales Order (2)`; or the sentence that refused to delete it. */
  readonly by: string
}

/** Whatever the system made by itself is nobody's work: apps fill in what examples need. */
const systemUser = 1

/** Records of one model flagged `demo`, by model; in the order in which they were made. */
async function examplesOf(sys: Env<true>): Promise<Map<ModelName, number[]>> {
  const rows = await sys.model('ir.model.data').find([['demo', '=', true]], ['model', 'res_id'], { order: 'id' })
  const known = rows.filter((row) => sys.registry.models.has(row.model) && row.res_id !== null)
  const found = new Map<ModelName, number[]>()
  for (const [model, some] of Map.groupBy(known, (row) => row.model as ModelName)) {
    const ids = [...new Set(some.map((row) => row.res_id!))]
    // Some may have been deleted by hand since.
    const there = new Set((await sys.model(model).search([['id', 'in', ids]])).ids)
    if (there.size > 0)
      found.set(
        model,
        ids.filter((id) => there.has(id)),
      )
  }
  return found
}

/** How many examples there are of what, and which of them records that people made still need. Run as the system. */
export async function reportDemoData(sys: Env<true>): Promise<DemoReport> {
  const all = sys.withContext({ active_test: false })
  const examples = await examplesOf(all)
  return {
    counts: [...examples].map(([model, ids]) => ({ model, label: all.t(all.registry.models.get(model)!.label), count: ids.length })),
    used: await named(all, await needed(all, examples)),
  }
}

/**
 * Takes the examples away again, in one step, whoever changed them meanwhile; those that records of people need stay, and so does what
 * they need themselves. Run as the system. Answers how many went, and which stayed and why.
 */
export async function removeDemoData(sys: Env<true>): Promise<{ removed: number; kept: readonly UsedExample[] }> {
  const all = sys.withContext({ active_test: false })
  const examples = await examplesOf(all)
  const reasons = await needed(all, examples)
  const gone = new Set<string>()
  let refused = new Map<string, string>()
  for (let before = -1; gone.size > before;) {
    before = gone.size
    refused = new Map()
    // The last made go first: orders before their customers, people before their companies. What is refused may go once others went.
    for (const [model, ids] of [...examples].reverse()) {
      const free = ids.filter((id) => !reasons.has(keyOf(model, id)) && !gone.has(keyOf(model, id)))
      for (const [id, reason] of await remove(all, model, free.reverse())) {
        if (reason === null) gone.add(keyOf(model, id))
        else refused.set(keyOf(model, id), reason)
      }
    }
  }
  return { removed: gone.size, kept: await named(all, new Map([...reasons, ...refused])) }
}

/** All at once, and one at a time where that is refused. Answers for each why it stayed, or null. */
async function remove(sys: Env<true>, model: ModelName, ids: readonly number[]): Promise<Map<number, string | null>> {
  const done = new Map<number, string | null>()
  if (ids.length === 0) return done
  try {
    await inSavepoint(sys, async () => (await sys.model(model).search([['id', 'in', ids]])).unlink())
    for (const id of ids) done.set(id, null)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    if (ids.length === 1) done.set(ids[0]!, error.message)
    else for (const id of ids) for (const [one, reason] of await remove(sys, model, [id])) done.set(one, reason)
  }
  return done
}

const keyOf = (model: string, id: number): string => `${model},${id}`

/** How records of one model name records of another: by a link, or by the id of what they hang on, as files and messages do. */
interface Tie {
  readonly from: Model
  readonly field: string
  /** Which of them, where the field alone does not say it. */
  readonly where: readonly unknown[]
}

/** Why examples have to stay, by `model,id`: records of people point to them, or to examples that point to them. */
async function needed(sys: Env<true>, examples: ReadonlyMap<ModelName, readonly number[]>): Promise<Map<string, string>> {
  const reasons = new Map<string, string>()
  for (const [model, ids] of examples) {
    for (const tie of tiesTo(sys, model)) {
      const own = examples.get(tie.from.name as ModelName) ?? []
      const users = [
        ['create_uid', '!=', systemUser],
        ['id', 'not in', own],
      ]
      for (const [id, count] of await tied(sys, tie, ids, users)) reasons.set(keyOf(model, id), `${sys.t(tie.from.label)} (${count})`)
    }
  }
  // What stays keeps what it stands on, until nothing new is found.
  for (let size = -1; size < reasons.size;) {
    size = reasons.size
    for (const [model, ids] of examples)
      for (const tie of tiesTo(sys, model)) {
        const staying = (examples.get(tie.from.name as ModelName) ?? []).filter((id) => reasons.has(keyOf(tie.from.name, id)))
        if (staying.length === 0) continue
        for (const id of (await tied(sys, tie, ids, [['id', 'in', staying]])).keys())
          if (!reasons.has(keyOf(model, id))) reasons.set(keyOf(model, id), sys.t(tie.from.label))
      }
  }
  return reasons
}

/**
 * Links that people set: not the ones that are worked out from others, and of those with two ends the end that keeps them. And what goes
 * when its record goes, but for the names that exports give to records.
 */
function tiesTo(sys: Env<true>, model: ModelName): Tie[] {
  return [...sys.registry.models.values()].flatMap((from) => {
    if (from.transient) return []
    const links = [...from.fields.values()].filter(
      (field) =>
        field.comodel === model &&
        !field.magic &&
        field.computed === null &&
        (field.column !== null || (field.links !== null && !field.options['inverse'])),
    )
    const hanging: Tie[] = from.hangsOn?.rights ? [{ from, field: from.hangsOn.id, where: [[from.hangsOn.model, '=', model]] }] : []
    return [...links.map(({ name }): Tie => ({ from, field: name, where: [] })), ...hanging]
  })
}

/** How many records are tied to which of `ids`. */
async function tied(
  sys: Env<true>,
  { from, field, where }: Tie,
  ids: readonly number[],
  which: readonly unknown[],
): Promise<Map<number, number>> {
  const groups = await sys.model(from.name as ModelName).group([[field, 'in', ids], ...where, ...which] as never, [field as never])
  const counts = (groups as unknown as (Record<string, number | readonly number[] | null> & { __count: number })[]).flatMap((group) =>
    [group[field] ?? []].flat().map((id) => [id, group.__count] as const),
  )
  // Records with several links have others too.
  return new Map(counts.filter(([id]) => ids.includes(id)))
}

/** The first two hundred, by name. */
async function named(sys: Env<true>, reasons: ReadonlyMap<string, string>): Promise<UsedExample[]> {
  const some = [...reasons].slice(0, 200).map(([key, by]) => {
    const [model = '', id = ''] = key.split(',')
    return { model: model as ModelName, id: Number(id), by }
  })
  const found: UsedExample[] = []
  for (const [model, list] of Map.groupBy(some, (one) => one.model)) {
    const rows = await sys
      .model(model)
      .browse(list.map(({ id }) => id))
      .read(['display_name' as never])
    const names = new Map((rows as unknown as { id: number; display_name: string | null }[]).map((row) => [row.id, row.display_name]))
    found.push(...list.map(({ id, by }) => ({ model, id, by, name: names.get(id) ?? '' })))
  }
  return found
}
