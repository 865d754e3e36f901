import type { Env } from '../../env.ts'
import { ValidationError } from '../../errors.ts'
import type { Model } from '../../registry.ts'
import { isPushable } from '../../sql/expression.ts'
import { nameableIds, namedRecords } from '../../sql/lookup.ts'
import { type Target, findExternalIds } from '../external-ids.ts'
import type { By, Text } from './plan.ts'

/** What a cell that means another record leads to. */
export type Found = { readonly ids: readonly number[] } | { readonly fault: string }

/** `module.name`; a bare name belongs to the import's own module. */
export function completeName(env: Env, text: string): string {
  if (text.includes('.')) return text
  const current = env.context['_import_current_module']
  return `${typeof current === 'string' && /^\w{1,60}$/.test(current) ? current : '__import__'}.${text}`
}

/**
 * All records that the cells of an import mean, looked up together: one statement for the external ids, and for each model one for names
 * and one for rights. What the caller may not name does not exist here.
 */
export class References {
  readonly #env: Env
  readonly #names = new Map<Model, Set<string>>()
  readonly #ids = new Map<Model, Set<number>>()
  readonly #xids = new Map<string, Set<Model>>()
  readonly #byName = new Map<Model, Map<string, number[]>>()
  readonly #visible = new Map<Model, Set<number>>()
  #targets: ReadonlyMap<string, Target> = new Map()

  constructor(env: Env) {
    this.#env = env
  }

  /** Asks for a record; answered by `find` after `resolve`. */
  want(model: Model, by: By, cell: Text): void {
    const text = String(cell)
    if (by === 'xid') add(this.#xids, completeName(this.#env, text), model)
    else if (by === 'name') add(this.#names, model, text)
    else if (toId(text) !== null) add(this.#ids, model, toId(text)!)
  }

  async resolve(): Promise<void> {
    const env = this.#env
    this.#targets = await findExternalIds(env, [...this.#xids.keys()])
    for (const [name, models] of this.#xids) {
      const target = this.#targets.get(name)
      for (const model of models) if (target?.model === model.name) add(this.#ids, model, target.id)
    }
    for (const [model, ids] of this.#ids)
      this.#visible.set(model, new Set((await env.cx.query<{ id: number }>(nameableIds(env, model, [...ids]))).map((row) => row.id)))
    for (const [model, names] of this.#names) this.#byName.set(model, await this.#named(model, [...names]))
  }

  async #named(model: Model, names: readonly string[]): Promise<Map<string, number[]>> {
    const found = new Map<string, number[]>()
    if (!isPushable(this.#env, model.fields.get('display_name')!)) return found
    for (const { id, name } of await this.#env.cx.query<{ id: number; name: string }>(namedRecords(this.#env, model, names)))
      found.set(name, [...(found.get(name) ?? []), id])
    return found
  }

  /** Where an external id leads, whatever the caller may see. */
  target(name: string): Target | undefined {
    return this.#targets.get(name)
  }

  find(model: Model, by: By, cell: Text): Found {
    const text = String(cell)
    const label = this.#env.t(model.label)
    const nothing = (said: string): Found => ({ fault: this.#env.t(said, { value: text.slice(0, 80), model: label }) })
    if (by === 'name') {
      const ids = this.#byName.get(model)?.get(text) ?? []
      return ids.length === 0 ? nothing("There is no '{model}' named '{value}'") : { ids }
    }
    const id = by === 'id' ? toId(text) : this.#idBehind(model, text)
    if (id !== null && this.#visible.get(model)?.has(id)) return { ids: [id] }
    return nothing(by === 'id' ? "There is no '{model}' with the id '{value}'" : "There is no '{model}' with the external id '{value}'")
  }

  #idBehind(model: Model, text: string): number | null {
    const target = this.#targets.get(completeName(this.#env, text))
    return target?.model === model.name ? target.id : null
  }
}

/** The one record; several of a name are a question that only a person can answer. */
export function demandOne(env: Env, found: Found, cell: Text): number {
  if ('fault' in found) throw new ValidationError(found.fault)
  if (found.ids.length > 1)
    throw new ValidationError(
      env.t("{count} records are named '{value}': use their external ids instead", {
        count: found.ids.length,
        value: String(cell).slice(0, 80),
      }),
    )
  return found.ids[0]!
}

const toId = (text: string): number | null => (/^[1-9]\d{0,9}$/.test(text) && Number(text) <= 2147483647 ? Number(text) : null)

function add<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const known = map.get(key) ?? new Set<V>()
  map.set(key, known.add(value))
}
