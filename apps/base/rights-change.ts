import { AccessError, type Env, type Operation, type Registry, closure, json } from '@erp4/orm'
import { userManager } from './groups.ts'
import { clientAction } from './models/res_users_apikeys_description.ts'
import { res_users } from './models/res_users.ts'

const operations = ['read', 'create', 'write', 'unlink'] as const satisfies readonly Operation[]

/** How far groups reach into a model: every record, those that a rule finds, or none. */
type Reach = 'all' | 'some' | 'none'

/** What a person could do with a model and can no longer, or the other way round. */
export interface ReachChange {
  readonly model: string
  readonly label: string
  readonly operation: (typeof operations)[number]
  readonly before: Reach
  readonly after: Reach
}

/** What the grants of these groups give, on every model that is kept. Guards, which limit everyone alike, are the same before and after. */
export function reachChanges(registry: Registry, before: ReadonlySet<string>, after: ReadonlySet<string>): ReachChange[] {
  return [...registry.models.values()]
    .filter((model) => !model.transient)
    .flatMap((model) =>
      operations.map((operation) => {
        const reach = (groups: ReadonlySet<string>): Reach => {
          const grants = model.rules.filter(
            (rule) => rule.kind === 'grant' && rule.operations.includes(operation) && groups.has(rule.group!.name),
          )
          return grants.some(({ where }) => where === null) ? 'all' : grants.length > 0 ? 'some' : 'none'
        }
        return { model: model.name, label: model.label, operation, before: reach(before), after: reach(after) }
      }),
    )
    .filter((change) => change.before !== change.after)
}

/**
 * What would become of a user's rights with these groups, before anybody decides it: groups gained and lost, implied ones too, each with
 * what it means, and what he could do with each kind of record. For those who may give rights.
 */
export const preview_groups = res_users.action(
  'preview_groups',
  { needs: 'read', readonly: true, args: { group_ids: json({ required: true }) }, returns: json({ required: true }) },
  async (users, { group_ids }) => {
    const { env } = users
    if (!env.isIn(userManager)) throw new AccessError(env.t('Rights are given by administrators.'))
    const chosen = Array.isArray(group_ids) ? group_ids.filter((id): id is number => Number.isInteger(id)) : []
    const [user] = await users.read(['group_ids.key'])
    const wanted = await env.model('res.groups').browse(chosen).read(['key'])
    const all = (groups: readonly { readonly key: string }[]) =>
      closure(
        env.registry.groups,
        groups.map(({ key }) => key),
      )
    const [before, after] = [all(user?.group_ids ?? []), all(wanted)]
    return {
      gained: told(env, after.difference(before)),
      lost: told(env, before.difference(after)),
      changes: reachChanges(env.registry, before, after).map((change) => ({ ...change, label: env.t(change.label) })),
    }
  },
)

/** Opens the dialogue in which groups are chosen, for the user's form. */
export const open_rights = res_users.action('open_rights', { needs: 'write', readonly: true, returns: json() }, async ({ ids }) =>
  clientAction('user_rights', { user: ids[0] ?? null }),
)

const told = (env: Env, names: ReadonlySet<string>) =>
  [...names].map((name) => {
    const group = env.registry.groups.get(name)
    return { key: name, label: env.t(group?.label ?? name), help: env.t(group?.help ?? '') }
  })
