import { type Connection, Recent, type Registry, loadCustom, schemaVersion, withCustomFields } from '@erp4/orm'

interface Known {
  readonly base: Registry
  readonly schema: number
  readonly registry: Registry
}

/** Instances whose registry a process keeps; of one that was let go the definitions are read again, in one statement. */
const mostKept = 200

/**
 * The registries of instances, with the fields that their people made. Each call names the version of the schema that its first statement saw:
 * where that is newer than what is kept, the definitions are read on the call's own connection before anything else of it, so that no call
 * works with half of a field, and no process needs to be told.
 */
export class OwnRegistries {
  readonly #known = new Recent<string, Known>(mostKept / 2)

  /** As of this version of the schema, or a newer one; without one it is asked for. `key` is that of the instance's database. */
  async at(cx: Connection, key: string, base: Registry, schema?: number): Promise<Registry> {
    if (!base.models.get('ir.model.fields')?.fields.has('phase')) return base
    const wanted = schema ?? (await schemaVersion(cx))
    const known = this.#known.get(key)
    if (known?.base === base && known.schema >= wanted) return known.registry
    const state = await loadCustom(cx)
    const registry = withCustomFields(base, state.fields)
    const latest = this.#known.get(key)
    // Another call may have read a later version meanwhile.
    if (!(latest?.base === base && latest.schema > state.schema)) this.#known.set(key, { base, schema: state.schema, registry })
    return registry
  }

  /** The one that was last asked for, or `base`: for what does not depend on people's own fields, or comes after a call. */
  latest(key: string, base: Registry): Registry {
    const known = this.#known.get(key)
    return known?.base === base ? known.registry : base
  }
}
