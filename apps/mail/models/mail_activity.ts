import {
  AccessError,
  type Day,
  type Env,
  type ModelFields,
  type Records,
  UserError,
  ValidationError,
  boolean,
  char,
  date,
  dayIn,
  html,
  integer,
  json,
  many2many,
  many2one,
  model,
} from '@erp4/orm'
import { dueDay, tellAssignees } from '../activities.ts'
import { namesOf, post } from '../posting.ts'
import { escapeHtml } from '../show.ts'

/** Something to do about a record, by a colleague, until a day. Done ones are archived with what was said of them. */
export const mail_activity = model('mail.activity', {
  label: 'Activity',
  order: 'date_deadline, id',
  hangsOn: { model: 'res_model', id: 'res_id', rights: true },
  fields: {
    res_model_id: many2one('ir.model', { label: 'Document Model', ondelete: 'cascade' }),
    res_model: char({ label: 'Related Document Model', required: true, index: true }),
    res_id: integer({ label: 'Related Document ID', required: true, grouping: false }),
    res_name: char({ label: 'Document Name', readonly: true }),
    activity_type_id: many2one('mail.activity.type', { label: 'Activity Type', ondelete: 'restrict' }),
    summary: char(),
    note: html(),
    date_deadline: date({ label: 'Due Date', required: true, index: true }),
    user_id: many2one('res.users', {
      label: 'Assigned to',
      required: true,
      index: true,
      ondelete: 'cascade',
      default: (env) => env.user.id,
    }),
    active: boolean({ default: true }),
    feedback: char({ readonly: true }),
    date_done: date({ label: 'Done Date', readonly: true }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'mail.activity': MailActivity
  }
  interface MailActivity extends ModelFields<typeof mail_activity> {}
}

/** The model may be given by its record, as integrations do; the day follows from the type. */
mail_activity.prepare(async (env, list) => {
  const completed: Given[] = []
  if (!env.isSystem) await demandRecords(env, list)
  await env.asSystem('an activity names its record by model and id', async (sys) => {
    completed.push(...(await complete(sys, list)))
  })
  return completed
})

type Given = Readonly<Record<string, unknown>>

/** What goes wrong later may be said with the record's name: whoever plans something on it must be able to read it, before anything else. */
async function demandRecords(env: Env, list: readonly Given[]): Promise<void> {
  const names = new Map((await env.model('ir.model').find([], ['model'])).map(({ id, model }) => [id, model]))
  const wanted = Map.groupBy(list, (given) => names.get(given['res_model_id'] as number) ?? String(given['res_model'] ?? ''))
  for (const [model, mine] of wanted) {
    if (!env.registry.models.get(model)?.fields.has('activity_ids')) continue
    // As the field will take it: numbers come as texts, too. What is no number is refused there.
    const ids = [...new Set(mine.map((given) => Math.trunc(Number(given['res_id']))).filter((id) => Number.isSafeInteger(id)))]
    const seen = await namesOf(env, model, ids)
    if (seen.size < ids.length) throw new AccessError(env.t('This record does not exist, or you may not see it.'))
  }
}

async function complete(sys: Env<true>, list: readonly Given[]): Promise<Given[]> {
  const models = await sys.model('ir.model').find([], ['model'])
  const byId = new Map(models.map(({ id, model }) => [id, model]))
  const byName = new Map(models.map(({ id, model }) => [model, id]))
  const days = new Map<number | null, Day>()
  const completed: Given[] = []
  for (const given of list) {
    const res_model = byId.get(given['res_model_id'] as number) ?? String(given['res_model'] ?? '')
    if (!sys.registry.models.get(res_model)?.fields.has('activity_ids'))
      throw new ValidationError(sys.t('There are no activities on such records.'))
    const type = typeof given['activity_type_id'] === 'number' ? given['activity_type_id'] : null
    if (!given['date_deadline'] && !days.has(type)) days.set(type, await dueDay(sys, type))
    completed.push({
      ...given,
      res_model,
      res_model_id: byName.get(res_model) ?? null,
      // Not from the context, where nobody has looked at it.
      res_id: given['res_id'] ?? null,
      date_deadline: given['date_deadline'] || days.get(type),
    })
  }
  return completed
}

mail_activity.changed(['user_id', 'res_id', 'res_model'], async (sys, ids) => {
  const activities = await sys
    .model('mail.activity')
    .browse(ids)
    .read(['user_id', 'res_model', 'res_id', 'res_name', 'summary', 'activity_type_id.name', 'date_deadline'])
  const names = new Map<number, string>()
  for (const [model, mine] of Map.groupBy(activities, (one) => one.res_model)) {
    const found = await namesOf(
      sys,
      model,
      mine.map((one) => one.res_id),
    )
    for (const one of mine) names.set(one.id, found.get(one.res_id) ?? '')
  }
  const renamed = activities.filter((one) => (one.res_name ?? '') !== names.get(one.id))
  if (renamed.length > 0)
    await sys
      .model('mail.activity')
      .browse(renamed.map((one) => one.id))
      .write((id) => ({ res_name: names.get(id)! }))
  await tellAssignees(
    sys,
    activities.map((one) => ({
      model: one.res_model,
      id: one.res_id,
      name: names.get(one.id)!,
      deadline: one.date_deadline,
      userId: one.user_id,
      summary: one.summary ?? one.activity_type_id?.name ?? null,
    })),
  )
})

/** Done, with what came of it: a line in the record's story. By whom it was for, and by who may change the record. Gives the message's id. */
export const action_feedback = mail_activity.action(
  'action_feedback',
  {
    needs: 'read',
    args: { feedback: char(), attachment_ids: many2many('ir.attachment') },
    returns: integer({ required: true }),
  },
  async (activities, { feedback, attachment_ids }) => finish(activities, feedback ?? null, attachment_ids ?? []),
)

export const action_done = mail_activity.action(
  'action_done',
  { needs: 'read', returns: integer({ required: true }) },
  async (activities) => finish(activities, null, []),
)

async function finish(activities: Records<'mail.activity'>, feedback: string | null, files: readonly number[]): Promise<number> {
  const { env, ids } = activities
  if (ids.length !== 1) throw new UserError(env.t('One record at a time.'))
  // Locked before it is looked at: of two clicks one is told that it was done.
  await env.asSystem('an activity is done once, however often it is clicked', async (sys) => sys.model('mail.activity').browse(ids).lock())
  const [activity] = await env
    .withContext({ active_test: false })
    .model('mail.activity')
    .browse(ids)
    .read(['active', 'user_id', 'res_model', 'res_id', 'summary', 'activity_type_id.name'])
  if (!activity) throw new AccessError(env.t('This record does not exist, or you may not see it.'))
  if (!activity.active) throw new UserError(env.t('This was done already.'))
  if (activity.user_id !== env.user.id) await activities.lock()
  await env.asSystem('whoever was given something may say that it is done', async (sys) => {
    const done = { active: false, feedback, date_done: dayIn(env.context.tz, env.call.now()) }
    await sys.model('mail.activity').browse(ids).write(done)
  })
  const what = [activity.activity_type_id?.name ?? env.t('To-Do'), activity.summary].filter(Boolean).join(': ')
  const said = feedback ? `<blockquote>${escapeHtml(feedback)}</blockquote>` : ''
  const subject = { model: activity.res_model, id: activity.res_id }
  const { id } = await post(env, subject, {
    kind: 'activity',
    type: 'notification',
    body: `<p>${escapeHtml(env.t('{what} is done', { what }))}</p>${said}`,
    attachments: files,
  })
  return id
}

/**
 * What the caller has to do, the most urgent first, and how much of it is overdue or of today by the model of its records: for the clock above
 * every page and the numbers at the apps. `limit` is at most 200.
 */
export const my_activities = mail_activity.action(
  'my_activities',
  { on: 'model', needs: 'read', readonly: true, args: { limit: integer() }, returns: json({ required: true }) },
  async ({ env }, { limit }) => {
    const today = dayIn(env.context.tz, env.call.now())
    const mine = env.model('mail.activity')
    const found = await mine.find(
      [['user_id', '=', env.user.id]],
      ['res_model', 'res_id', 'res_name', 'summary', 'date_deadline', 'activity_type_id.name', 'activity_type_id.icon'],
      { limit: Math.min(Math.max(limit ?? 40, 1), 200) },
    )
    const count = (operator: '<' | '=' | '>') =>
      mine.count([
        ['user_id', '=', env.user.id],
        ['date_deadline', operator, today],
      ])
    const due = await mine.group(
      [
        ['user_id', '=', env.user.id],
        ['date_deadline', '<=', today],
      ],
      ['res_model'],
    )
    return {
      today,
      due: Object.fromEntries(due.map(({ res_model, __count }) => [res_model, __count])),
      counts: { overdue: await count('<'), today: await count('='), planned: await count('>') },
      activities: found.map((one) => ({
        id: one.id,
        model: one.res_model,
        label: env.t(env.registry.models.get(one.res_model)?.label ?? ''),
        res_id: one.res_id,
        name: one.res_name ?? '',
        summary: one.summary ?? '',
        due: one.date_deadline,
        type: one.activity_type_id?.name ?? '',
        icon: one.activity_type_id?.icon ?? '',
      })),
    }
  },
)
