import { employee } from '@erp4/base'
import {
  AccessError,
  type Definition,
  type Env,
  type ModelName,
  UserError,
  char,
  date,
  extend,
  html,
  integer,
  json,
  many2many,
  many2one,
  moment,
  one2many,
  selection,
} from '@erp4/orm'
import { schedule } from './activities.ts'
import { readThread } from './chatter.ts'
import { follow, unfollow } from './following.ts'
import { type MessageKind, type SomeRecords, type Subject, post } from './posting.ts'

const fields = {
  message_ids: one2many('mail.message', 'res_id', { label: 'Messages' }),
  message_follower_ids: one2many('mail.followers', 'res_id', { label: 'Followers' }),
  activity_ids: one2many('mail.activity', 'res_id', { label: 'Activities' }),
}

export type ThreadFields = typeof fields

/**
 * Gives a model a chatter: messages, followers and activities on its records, with the methods that the outside world knows. The answer goes into
 * the app's `extensions`, and its fields into the model's interface:
 *
 *     export const sale_order_thread = thread('sale.order')
 *     interface SaleOrder extends ModelFields<typeof sale_order>, FieldsOf<typeof sale_order_thread> {}
 *
 * The client shows the chatter beside the form of every such model.
 */
export function thread<const N extends ModelName>(name: N): Definition<N, ThreadFields> {
  const extension = extend(name, { fields })
  addMethods(extension as unknown as Definition<'mail.message', any>) // no method names a field of the model
  return extension
}

/** Whether records of the model have a chatter. */
export const hasThread = ({ registry }: Env, model: string): boolean =>
  registry.models.get(model)?.fields.has('message_follower_ids') ?? false

function addMethods(extension: Definition<'mail.message', any>): void {
  extension.action(
    'message_post',
    {
      needs: 'read',
      args: {
        body: html({ default: '' }),
        subject: char(),
        message_type: selection({ comment: 'Comment', notification: 'System notification', email: 'Incoming Email' }),
        subtype_xmlid: char(),
        partner_ids: many2many('res.partner'),
        attachment_ids: many2many('ir.attachment'),
        parent_id: many2one('mail.message'),
      },
      returns: json({ required: true }),
    },
    async (records, args) => {
      const { env } = records
      const kind = kindOf(args.subtype_xmlid ?? null)
      // Somebody from outside speaks to those who follow his document, openly.
      if (!env.isIn(employee) && (kind !== 'comment' || args.partner_ids?.length || args.subject))
        throw new AccessError(env.t('Only colleagues write notes and choose who gets a message.'))
      if (!env.isIn(employee)) await demandPause(env)
      const { id } = await post(env, subjectOf(records), {
        kind,
        body: args.body ?? '',
        subject: args.subject ?? null,
        type: args.message_type ?? 'notification',
        to: args.partner_ids ?? [],
        attachments: args.attachment_ids ?? [],
        parent: args.parent_id ?? null,
      })
      return [id]
    },
  )

  extension.action(
    'message_subscribe',
    { needs: 'read', args: { partner_ids: many2many('res.partner') } },
    async (records, { partner_ids }) => {
      await follow(records, partner_ids ?? [records.env.user.partner_id])
    },
  )

  extension.action(
    'message_unsubscribe',
    { needs: 'read', args: { partner_ids: many2many('res.partner') } },
    async (records, { partner_ids }) => {
      await unfollow(records, partner_ids ?? [records.env.user.partner_id])
    },
  )

  extension.action(
    'activity_schedule',
    {
      needs: 'read',
      args: {
        act_type_xmlid: char(),
        date_deadline: date(),
        summary: char(),
        note: html(),
        user_id: many2one('res.users'),
        activity_type_id: many2one('mail.activity.type'),
      },
      returns: json({ required: true }),
    },
    async (records, args) => schedule(records, args),
  )

  extension.action(
    'thread_read',
    {
      needs: 'read',
      readonly: true,
      args: { before_message: integer(), before_change: integer(), limit: integer() },
      returns: json({ required: true }),
    },
    async (records, { before_message, before_change, limit }) =>
      readThread(records.env, subjectOf(records), {
        beforeMessage: before_message ?? null,
        beforeChange: before_change ?? null,
        limit: Math.min(Math.max(limit ?? 30, 1), 100),
      }),
  )
}

/** Messages in an hour of somebody from outside: each is a letter to everybody who follows the record. */
const mostFromOutside = 20

/** Throws a UserError for who wrote a lot just now: a program in his name could fill the mailboxes of our side. */
async function demandPause(env: Env): Promise<void> {
  const written = await env.asSystem('what somebody from outside wrote within the hour is counted', async (sys) => {
    // One after the other, so that those of the same moment count too.
    await sys.model('res.partner').browse([env.user.partner_id]).lock()
    const since = moment(new Date(sys.call.now().getTime() - 3_600_000))
    return sys.model('mail.message').count([
      ['author_id', '=', env.user.partner_id],
      ['date', '>', since],
    ])
  })
  if (written >= mostFromOutside) throw new UserError(env.t('You have written a lot within the hour. Please go on later.'))
}

/** As the wire names subtypes; a message is a note unless it says otherwise. */
function kindOf(subtype: string | null): MessageKind {
  const kinds: Readonly<Record<string, MessageKind>> = { 'mail.mt_comment': 'comment', 'mail.mt_note': 'note' }
  const kind = subtype === null || subtype === '' ? 'note' : kinds[subtype]
  if (!kind) throw new UserError(`There is no subtype '${subtype!.slice(0, 60)}': a message is mail.mt_comment or mail.mt_note.`)
  return kind
}

export function subjectOf({ model, ids, env }: SomeRecords): Subject {
  const [id] = ids
  if (id === undefined || ids.length > 1) throw new UserError(env.t('One record at a time.'))
  return { model, id }
}
