import { employee, idOf } from '@erp4/base'
import { type Day, type Env, UserError, day, dayIn, writerOf } from '@erp4/orm'
import { type SomeRecords, type Subject, addressOf, nameOf, oneLine } from './posting.ts'
import { type Recipient, readableFor, recipientsOf } from './recipients.ts'
import { senderAddress } from './sender.ts'
import { escapeHtml } from './show.ts'

export interface Schedule {
  /** An external id, `mail.mail_activity_data_call`; or the id of a type; a to-do without either. */
  readonly act_type_xmlid?: string | null
  readonly activity_type_id?: number | null
  /** Today plus what the type says, unless given. */
  readonly date_deadline?: Day | null
  readonly summary?: string | null
  readonly note?: string | null
  /** The caller unless given. */
  readonly user_id?: number | null
}

/** Puts something to do on each of some records, which the caller may read. Gives the activities' ids. @throws UserError for whom may not see one */
export async function schedule(records: SomeRecords, wanted: Schedule): Promise<readonly number[]> {
  const { env, model, ids } = records
  if (!env.isIn(employee)) throw new UserError(env.t('Only colleagues plan activities.'))
  const names = new Map<number, string>()
  for (const id of ids) names.set(id, await nameOf(env, { model, id }))
  return env.asSystem('an activity is kept on a record that its planner may read', async (sys) => {
    const type = wanted.activity_type_id ?? (await typeNamed(sys, wanted.act_type_xmlid || 'mail.mail_activity_data_todo'))
    const values = {
      res_model: model,
      activity_type_id: type,
      summary: wanted.summary ?? null,
      note: wanted.note ?? null,
      date_deadline: wanted.date_deadline ?? (await dueDay(sys, type)),
      user_id: wanted.user_id ?? env.user.id,
    }
    return (await sys.model('mail.activity').create(ids.map((id) => ({ ...values, res_id: id, res_name: names.get(id)! })))).ids
  })
}

async function typeNamed(sys: Env<true>, xmlid: string): Promise<number> {
  const [module = '', name = ''] = xmlid.split('.', 2)
  const id = await idOf(sys, module, name)
  if (id === undefined) throw new UserError(sys.t('There is no activity type {name}.', { name: xmlid.slice(0, 60) }))
  return id
}

/** Today where the caller is, plus the time that the type allows. */
export async function dueDay(sys: Env<true>, type: number | null): Promise<Day> {
  const today = dayIn(sys.context.tz, sys.call.now())
  const [found] = type === null ? [] : await sys.model('mail.activity.type').browse([type]).read(['delay_count', 'delay_unit'])
  const count = found?.delay_count ?? 0
  if (count === 0) return today
  const at = new Date(`${today}T00:00:00Z`)
  if (found!.delay_unit === 'months') {
    const wished = at.getUTCDate()
    at.setUTCMonth(at.getUTCMonth() + count)
    // The 31st of a month that has 30 days is its last.
    if (at.getUTCDate() !== wished) at.setUTCDate(0)
  } else at.setUTCDate(at.getUTCDate() + count * (found!.delay_unit === 'weeks' ? 7 : 1))
  return day(at.toISOString().slice(0, 10))
}

interface Assigned extends Subject {
  readonly name: string
  /** What to do; null where nothing more is said of it. */
  readonly summary: string | null
  readonly deadline: Day
  readonly userId: number
}

/**
 * Tells colleagues that somebody else gave them something to do. @throws UserError where one may not see the record: there it would lie where
 * he never finds it
 */
export async function tellAssignees(sys: Env<true>, activities: readonly Assigned[]): Promise<void> {
  for (const [userId, mine] of Map.groupBy(activities, (one) => one.userId)) {
    const [user] = await sys.withContext({ active_test: false }).model('res.users').browse([userId]).read(['partner_id', 'share'])
    const [reader] = user ? await recipientsOf(sys, [user.partner_id]) : []
    const hidden = await hiddenFrom(sys, userId, mine)
    if (!reader || user!.share || hidden)
      throw new UserError(
        sys.t('{who} may not see {name}, so this cannot be given to him.', { who: reader?.name ?? '', name: (hidden ?? mine[0]!).name }),
      )
    if (userId !== sys.user.id && reader.email) for (const one of mine) await tell(sys, reader, one)
  }
}

/** The first of these records that the user may not read. */
async function hiddenFrom(sys: Env<true>, userId: number, activities: readonly Assigned[]): Promise<Assigned | undefined> {
  // What the caller gives himself is on a record that he was just seen to be able to read.
  if (userId === sys.user.id) return undefined
  for (const [model, mine] of Map.groupBy(activities, (one) => one.model)) {
    const seen = new Set(
      await readableFor(
        sys,
        userId,
        model,
        mine.map((one) => one.id),
      ),
    )
    const found = mine.find((one) => !seen.has(one.id))
    if (found) return found
  }
  return undefined
}

async function tell(sys: Env<true>, reader: Recipient, activity: Assigned): Promise<void> {
  const { outbox, cx, origin } = sys.call
  if (!outbox) return
  const spoken = sys.withContext({ lang: reader.lang })
  const [writer] = await recipientsOf(sys, [sys.user.partner_id])
  const values = { who: writer?.name ?? '', what: activity.summary ?? spoken.t('To-Do'), name: activity.name }
  const line = spoken.t('{who} asks you: {what} ({name})', values)
  const until = spoken.t('Due {due}', { due: writerOf(reader.lang).day(activity.deadline) })
  await outbox.put(cx, {
    from: await senderAddress(sys, writer ?? null),
    to: { name: reader.name, address: reader.email! },
    subject: oneLine(line),
    body: `<p>${escapeHtml(line)}</p><p>${escapeHtml(until)}</p>`,
    links: origin ? [{ label: spoken.t('Open {name}', values), url: addressOf(origin, activity) }] : [],
    language: reader.lang,
  })
}
