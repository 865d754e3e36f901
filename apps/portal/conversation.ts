import { post } from '@erp4/mail'
import { type Env, type ModelName, type Reading, type SharedPaper, UserError, plainText } from '@erp4/orm'
import { paragraphs } from './correspondence.ts'

// What readers and our side say to each other about a document: messages on its record, where our side works with it.

interface About {
  readonly model: ModelName
  readonly id: number
  readonly shared: SharedPaper
  readonly partner: { readonly id: number; readonly name: string }
}

const mostMessages = 100

/** What was said so far, the oldest first: nothing internal, and not the letters that brought the document. */
export async function conversationOf(sys: Env<true>, model: ModelName, id: number, reader: number): Promise<Reading['thread']> {
  const messages = await sys.model('mail.message').find(
    [
      ['model', '=', model],
      ['res_id', '=', id],
      ['is_internal', '=', false],
      ['message_type', 'in', ['comment', 'email']],
    ],
    ['author_id.name', 'date', 'body'],
    { order: 'id desc', limit: mostMessages },
  )
  return messages.reverse().map(({ author_id: author, date, body }) => ({
    who: author?.name ?? '',
    mine: author?.id === reader,
    at: `${date.slice(0, 16)} UTC`,
    text: plainText(body),
  }))
}

const longest = 4000

/** A reader's question: a message on the record, and a letter to who looks after it. Throws a UserError for one that says nothing. */
export async function askKeeper(sys: Env<true>, about: About, text: string): Promise<void> {
  const question = text.trim().slice(0, longest)
  if (question === '') throw new UserError(sys.t('Please write your question.'))
  await say(sys, about, null, question)
}

/** Tells who looks after a document that its reader will not have it, and why. */
export async function tellDeclined(sys: Env<true>, about: About, reason: string): Promise<void> {
  const keeper = await keeperOf(sys, about.shared)
  const env = sys.withContext({ lang: keeper?.lang ?? 'en_US' })
  const subject = env.t('{document} was declined', { document: about.shared.paper.title })
  await say(sys, about, subject, reason === '' ? env.t('{name} gave no reason.', { name: about.partner.name }) : reason)
}

async function say(sys: Env<true>, { model, id, shared, partner }: About, subject: string | null, text: string): Promise<void> {
  const keeper = await keeperOf(sys, shared)
  const body = paragraphs(subject === null ? text : `${subject}\n\n${text}`)
  await post(sys, { model, id }, { kind: 'comment', subject, body, author: partner.id, to: keeper ? [keeper.partner_id] : [] })
}

async function keeperOf(sys: Env<true>, { keeper }: SharedPaper) {
  const [found] = keeper === null ? [] : await sys.model('res.users').browse([keeper]).read(['lang', 'partner_id'])
  return found
}
