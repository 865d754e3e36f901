import { type Env, ValidationError } from '@erp4/orm'
import { idOf } from './external-ids.ts'
import { administrator } from './groups.ts'

/**
 * Throws a ValidationError unless somebody active is left who may change settings. Whoever takes that from others does so one after
 * the other: two administrators who archive each other at the same time must not both succeed.
 */
export async function demandAdministrator(sys: Env<true>): Promise<void> {
  await (await sys.model('res.groups').search([['key', '=', administrator.name]])).lock()
  const left = await sys
    .withContext({ active_test: true })
    .model('res.users')
    .count([['group_ids', 'any', [['all_implied_ids.key', '=', administrator.name]]]], { limit: 1 })
  if (left === 0) throw new ValidationError(sys.t('Somebody active has to keep the right to change settings, and nobody else has it.'))
}

/** Until a company says who keeps an app's records, its administrator does. */
export async function letAdministratorIn(sys: Env<true>, keys: readonly string[]): Promise<void> {
  const admin = await idOf(sys, 'base', 'user_admin')
  const groups = await sys.model('res.groups').find([['key', 'in', keys]], ['user_ids'])
  const empty = groups.filter((group) => group.user_ids.length === 0).map((group) => group.id)
  if (admin === undefined || empty.length === 0) return
  await sys
    .model('res.users')
    .browse([admin])
    .write({ group_ids: empty.map((id) => ['link', id]) })
}
