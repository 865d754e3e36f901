import { employee } from '@erp4/base'
import { type Env, type HistoryEntry, historyOf } from '@erp4/orm'
import type { SentLetter, Subject } from './posting.ts'

export interface ThreadOptions {
  /** The oldest message and change of the page above; null for the newest. */
  readonly beforeMessage: number | null
  readonly beforeChange: number | null
  readonly limit: number
}

type Told = { readonly [key: string]: unknown }

/**
 * A page of what was said about a record and changed on it, newest first, as the caller may see it; with the first page who follows it, what is
 * to do, and its files. Colleagues see notes and changes; others the messages that were meant for them.
 */
export async function readThread(env: Env, subject: Subject, options: ThreadOptions): Promise<never> {
  const isColleague = env.isIn(employee)
  const messages = await messagesOf(env, subject, options)
  const { entries: changes, more } = isColleague ? await changesOf(env, subject, options) : { entries: [], more: false }
  const all = [...messages.map((one) => ({ at: one.date, told: one })), ...changes.map((one) => ({ at: one.at, told: one }))]
  const page = all.toSorted((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0)).slice(0, options.limit)
  const told = page.map((one) => one.told)
  const isOver = page.length === all.length && messages.length < options.limit && !more
  const next = isOver
    ? null
    : {
        message: lastOf(told, 'message')?.['id'] ?? options.beforeMessage,
        change: lastOf(told, 'change')?.['key'] ?? options.beforeChange,
      }
  const isFirst = options.beforeMessage === null && options.beforeChange === null
  return { entries: told, next, ...(isFirst && isColleague ? await around(env, subject) : {}) } as never
}

const lastOf = (entries: readonly Told[], kind: string): Told | undefined => entries.findLast((one) => one['kind'] === kind)

async function messagesOf(env: Env, { model, id }: Subject, { beforeMessage, limit }: ThreadOptions) {
  const found = await env
    .model('mail.message')
    .find(
      [['model', '=', model], ['res_id', '=', id], ...(beforeMessage === null ? [] : [['id', '<', beforeMessage] as never])],
      [
        ...(['date', 'subject', 'body', 'message_type', 'is_internal', 'subtype_id', 'email_from'] as const),
        ...([
          'author_id.name',
          'partner_ids.name',
          'attachment_ids.name',
          'attachment_ids.mimetype',
          'attachment_ids.file_size',
          'letters',
        ] as const),
      ],
      { limit, order: 'id desc' },
    )
  const states = await lettersOf(
    env,
    found.flatMap(({ letters }) => (letters as unknown as SentLetter[] | null) ?? []),
  )
  return found.map((message) => ({
    kind: 'message',
    id: message.id,
    date: message.date,
    type: message.message_type,
    isInternal: message.is_internal,
    author: message.author_id ? { id: message.author_id.id, name: message.author_id.name } : null,
    from: message.email_from,
    subject: message.subject,
    body: message.body ?? '',
    to: message.partner_ids.map(({ name }) => name),
    files: message.attachment_ids.map(({ id: file, name, mimetype, file_size }) => ({ id: file, name, mimetype, size: file_size })),
    letters: ((message.letters as unknown as SentLetter[] | null) ?? []).map(({ letter, partner }) => ({ partner, ...states.get(letter) })),
  }))
}

/** What became of letters: for colleagues, who can do something about it. */
async function lettersOf(env: Env, letters: readonly SentLetter[]): Promise<ReadonlyMap<number, { state: string; error: string | null }>> {
  const { outbox, cx } = env.call
  if (!outbox || letters.length === 0 || !env.isIn(employee)) return new Map()
  return outbox.states(
    cx,
    letters.map(({ letter }) => letter),
  )
}

async function changesOf(env: Env, { model, id }: Subject, { beforeChange, limit }: ThreadOptions) {
  const { entries, more } = await historyOf(env, env.modelOf(model), id, { before: beforeChange, limit })
  const people = [...new Set(entries.flatMap(({ actor, onBehalf }) => [actor, onBehalf]).filter((one) => one !== null))]
  const names = new Map((await env.model('res.users').browse(people).read(['name'])).map((one) => [one.id, one.name]))
  return { entries: entries.map((entry) => told(entry, names)), more }
}

const told = (entry: HistoryEntry, names: ReadonlyMap<number, string | null>) => ({
  kind: 'change',
  key: entry.key,
  at: entry.at,
  operation: entry.operation,
  actor: entry.actor === null ? null : { id: entry.actor, name: names.get(entry.actor) ?? '' },
  onBehalf: entry.onBehalf === null ? null : (names.get(entry.onBehalf) ?? ''),
  changes: entry.changes,
})

/** Followers, activities, files and templates: what stands around the story. */
async function around(env: Env, { model, id }: Subject) {
  const on = (field: 'res_model') => [[field, '=', model] as const, ['res_id', '=', id] as const]
  const followers = await env.model('mail.followers').find(on('res_model'), ['partner_id.name', 'partner_id.email'])
  const activities = await env
    .model('mail.activity')
    .find(on('res_model'), ['summary', 'note', 'date_deadline', 'user_id.name', 'activity_type_id.name', 'activity_type_id.icon'])
  const files = await env
    .model('ir.attachment')
    .find([...on('res_model'), ['res_field', '=', null]] as never, ['name', 'mimetype', 'file_size', 'create_date', 'create_uid'], {
      limit: 200,
    })
  const templates = await env.model('mail.template').find([['model_id.model', '=', model]], ['name'])
  return {
    followers: followers.map(({ id: follower, partner_id }) => ({
      id: follower,
      partner: partner_id?.id ?? 0,
      name: partner_id?.name ?? '',
      email: partner_id?.email ?? '',
    })),
    isFollowing: followers.some(({ partner_id }) => partner_id?.id === env.user.partner_id),
    activities: activities.map((one) => ({
      id: one.id,
      summary: one.summary ?? '',
      note: one.note ?? '',
      due: one.date_deadline,
      user: one.user_id ? { id: one.user_id.id, name: one.user_id.name ?? '' } : null,
      type: one.activity_type_id?.name ?? '',
      icon: one.activity_type_id?.icon ?? '',
    })),
    files: files.map((one) => ({
      id: one.id,
      name: one.name,
      mimetype: one.mimetype,
      size: one.file_size,
      at: one.create_date,
      isMine: one.create_uid === env.user.id,
    })),
    templates: templates.map(({ id: template, name }) => ({ id: template, name })),
  }
}
