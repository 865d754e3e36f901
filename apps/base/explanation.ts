import {
  AccessError,
  Env,
  type Explanation,
  type Model,
  type ModelName,
  type Operation,
  type RuleVerdict,
  UserError,
  char,
  explain,
  integer,
  json,
  selection,
} from '@erp4/orm'
import { userManager } from './groups.ts'
import { inWords } from './in-words.ts'
import { res_users } from './models/res_users.ts'
import { isReadable } from './rights.ts'

/**
 * Why this user may, or may not, do something to a record: the answer in a sentence, and each rule with what it demands and whether the
 * record fulfils it; and which fields stay as they are for everybody, and why. For those who manage users, about records that they may read
 * themselves.
 */
export const explain_access = res_users.action(
  'explain_access',
  {
    needs: 'read',
    readonly: true,
    args: {
      model: char({ required: true }),
      res_id: integer({ required: true }),
      operation: selection({ read: 'see', write: 'change', create: 'create', unlink: 'delete' }, { required: true }),
    },
    returns: json({ required: true }),
  },
  async ({ env, ids }, { model: name, res_id, operation }) => {
    const [id] = ids
    if (!env.isIn(userManager)) throw new AccessError(env.t('Only administrators are told why somebody may do something.'))
    const model = env.registry.models.get(name)
    if (id === undefined || ids.length > 1 || !model || !(await isReadable(env, name, res_id)))
      throw new UserError(env.t('Say which user and which record it is about: one of each, that you may see yourself.'))
    const other = await asUser(env, id)
    const explanation = await explain(other, model, operation, res_id)
    const [record] = (await env
      .withContext({ active_test: false })
      .model(name as ModelName)
      .browse([res_id])
      .read(['display_name'] as never)) as {
      display_name?: string
    }[]
    const called = record?.display_name ?? `#${res_id}`
    const labels = (fields: readonly string[]) => fields.map((field) => env.t(model.fields.get(field)?.label ?? field))
    return {
      allowed: explanation.allowed,
      user: other.user.name,
      record: called,
      model: env.t(model.label),
      because: because(env, other, model, operation, explanation, called),
      rules: await Promise.all(explanation.rules.map((rule) => toldRule(env, model, rule))),
      // Of who may not change it anyway it would be no answer.
      frozen: explanation.freezes
        .filter(({ isOpen }) => explanation.allowed && !isOpen)
        .map(({ says, fields }) => ({ says: env.t(says, { name: called }), fields: labels(fields) })),
      closed: labels(closedFields(other, model, operation)),
    }
  },
)

/** The call as this active user would make it. Throws a UserError when he may not sign in. */
async function asUser(env: Env, id: number): Promise<Env<false>> {
  const found = await env.asSystem('an administrator asks what somebody else may do', async (sys) => {
    const [user] = await sys
      .model('res.users')
      .browse([id])
      .read([
        'active',
        'login',
        'display_name',
        'partner_id.commercial_partner_id',
        'company_id',
        'company_ids',
        'group_ids.all_implied_ids.key',
        'lang',
        'tz',
      ])
    return (
      user && {
        active: user.active,
        login: user.login,
        name: user.display_name,
        partner_id: user.partner_id.id,
        commercial_partner_id: user.partner_id.commercial_partner_id ?? user.partner_id.id,
        company_id: user.company_id,
        company_ids: [...user.company_ids],
        groups: [...new Set(user.group_ids.flatMap((group) => group.all_implied_ids.map(({ key }) => key)))],
        lang: user.lang ?? 'en_US',
        tz: user.tz ?? 'UTC',
      }
    )
  })
  if (!found?.active) throw new UserError(env.t('This user is archived: he may do nothing at all.'))
  const { active: _, groups, ...user } = found
  const context = { lang: env.context.lang, tz: user.tz, allowed_company_ids: user.company_ids, active_test: false }
  return new Env(env.call, { ...user, id, groups: new Set(groups) }, context, false)
}

const deeds = {
  read: { yes: '{user} may see this record.', no: '{user} may not see this record.' },
  write: { yes: '{user} may change this record.', no: '{user} may not change this record.' },
  create: { yes: '{user} may create such a record.', no: '{user} may not create such a record.' },
  unlink: { yes: '{user} may delete this record.', no: '{user} may not delete this record.' },
} as const

/** The verdict and the rule that decided it, in two sentences. */
function because(
  env: Env,
  other: Env,
  model: Model,
  operation: keyof typeof deeds,
  { allowed, rules, freezes }: Explanation,
  called: string,
): string {
  const verdict = env.t(deeds[operation][allowed ? 'yes' : 'no'], { user: other.user.name })
  const but = allowed && freezes.some(({ isOpen }) => !isOpen) ? ` ${env.t('Some of its fields stay as they are for everybody.')}` : ''
  return `${verdict} ${deciding(env, model, allowed, rules, called)}${but}`
}

function deciding(env: Env, model: Model, allowed: boolean, rules: readonly RuleVerdict[], called: string): string {
  const label = (name: string | null) => env.t(env.registry.groups.get(name ?? '')?.label ?? name ?? '')
  const stopping = rules.find(({ kind, holds }) => kind === 'guard' && !holds)
  if (stopping)
    return `${env.t('A limit that holds for everybody stops it.')}${stopping.says ? ` ${env.t(stopping.says, { name: called })}` : ''}`
  const grants = rules.filter(({ kind }) => kind === 'grant')
  const granting = grants.find(({ counts, holds }) => counts && holds)
  if (allowed && granting) return env.t('The group “{group}” gives the right.', { group: label(granting.group) })
  if (granting && model.hangsOn) return env.t('It belongs to another record, to which that right is missing.')
  const near = [...new Set(grants.filter(({ counts }) => counts).map(({ group }) => label(group)))]
  if (near.length > 0) return env.t('{groups} would give it for other records, not for this one.', { groups: near.join(', ') })
  const wanted = [...new Set(grants.map(({ group }) => label(group)))]
  return wanted.length === 0
    ? env.t('Nobody has that right.')
    : env.t('It takes one of these groups, and the user is in none of them: {groups}.', { groups: wanted.join(', ') })
}

const toldRule = async (env: Env, model: Model, { kind, group, domain, counts, holds }: RuleVerdict) => ({
  kind,
  group: group === null ? null : env.t(env.registry.groups.get(group)?.label ?? group),
  counts,
  holds,
  where: domain.length === 0 ? null : await inWords(env, model, domain),
})

/** Protected for groups of which he is in none. */
function closedFields(other: Env, model: Model, operation: Operation): string[] {
  const protections = model.rules.filter((rule) => rule.kind === 'protect' && rule.operations.includes(operation))
  const names = new Set(protections.flatMap(({ fields }) => fields as readonly string[]))
  const isOpen = (name: string): boolean =>
    protections.some(({ fields, group }) => (fields as readonly string[]).includes(name) && other.isIn(group!))
  return [...names].filter((name) => !isOpen(name))
}
