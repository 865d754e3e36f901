import { type Env, type ModelName, type Reading, type SharedPaper, UserError } from '@erp4/orm'
import { sendLetter } from './correspondence.ts'

// What readers and our side say to each other about a document.

interface About {
  readonly model: ModelName
  readonly id: number
  readonly shared: SharedPaper
  readonly partner: { readonly id: number; readonly name: string; readonly email: string | null }
}

/** What was said so far, the oldest first; nothing internal. */
export async function conversationOf(_sys: Env<true>, _model: ModelName, _id: number): Promise<Reading['thread']> {
  return []
}

const longest = 4000

/** A reader's question reaches who looks after the document. Throws a UserError for one that says nothing. */
export async function askKeeper(sys: Env<true>, about: About, text: string): Promise<void> {
  const question = text.trim().slice(0, longest)
  if (question === '') throw new UserError(sys.t('Please write your question.'))
  await tellKeeper(sys, { ...about, what: 'asked', text: question })
}

/** Tells who looks after a document what its reader did. Nobody looks after it: then nobody is told. */
export async function tellKeeper(
  sys: Env<true>,
  { shared, partner, what, text }: About & { readonly what: 'asked' | 'declined'; readonly text: string },
): Promise<void> {
  const [keeper] = shared.keeper === null ? [] : await sys.model('res.users').browse([shared.keeper]).read(['name', 'email', 'lang'])
  if (!keeper?.email) return
  const lang = keeper.lang ?? 'en_US'
  const env = sys.withContext({ lang })
  const about = { document: shared.paper.title }
  await sendLetter(env, {
    company: shared.company,
    to: { name: keeper.name ?? '', address: keeper.email },
    replyTo: partner.email ? { name: partner.name, address: partner.email } : null,
    subject: what === 'asked' ? env.t('A question about {document}', about) : env.t('{document} was declined', about),
    text: text === '' ? env.t('{name} gave no reason.', { name: partner.name }) : `${partner.name}:\n\n${text}`,
    link: null,
    footer: null,
    attachment: null,
    lang,
  })
}
