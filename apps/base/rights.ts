import { AccessError, type Env, type ModelName } from '@erp4/orm'

/** Whether the record is there for this caller: hidden, missing and of an unknown model are one. */
export async function isReadable(env: Env, model: string, id: number): Promise<boolean> {
  if (id <= 0 || !env.registry.models.has(model)) return false
  try {
    const records = await env
      .withContext({ active_test: false })
      .model(model as ModelName)
      .search([['id', '=', id]])
    return records.ids.length === 1
  } catch (error) {
    // No right on any record of the model.
    if (error instanceof AccessError) return false
    throw error
  }
}
