import { queries } from '../data/views.ts'
import { touch } from '../data/touched.ts'
import type { Linked } from '../fields/links.ts'
import { call } from '../rpc.ts'
import { forget, store, stored } from '../start.ts'

/** The document that a letter is about. */
export interface About {
  readonly model: string
  readonly id: number
}

export interface Reader {
  readonly id: number
  readonly name: string
  readonly email: string | false
  readonly lang: string
}

export interface Written {
  readonly subject: string
  readonly body: string
}

/** A letter in one language (apps/portal/compose.ts). */
export interface LetterIn extends Written {
  readonly lang: string
  readonly partners: readonly number[]
  readonly file: { readonly name: string; readonly url: string }
  readonly notice: string
}

export interface Begun {
  readonly purpose: 'sign' | 'view'
  readonly recipients: readonly Reader[]
  readonly letters: readonly LetterIn[]
}

/** What somebody made of a letter and did not send yet. */
export interface LetterDraft {
  readonly at: number
  /** Null: to whom it usually goes. */
  readonly to: readonly Linked[] | null
  readonly lang: string | null
  /** What was written, by language. */
  readonly texts: Readonly<Record<string, Written>>
  readonly files: readonly { readonly id: number; readonly name: string }[]
}

export const emptyDraft: LetterDraft = { at: 0, to: null, lang: null, texts: {}, files: [] }

/** Kept where the drafts of forms are, and as long (`data/drafts.ts`). */
const nameOf = ({ model, id }: About): string => `draft.letter.${model}.${id}`

export const readLetterDraft = (about: About): LetterDraft => stored<LetterDraft>(nameOf(about), emptyDraft)
export const keepLetterDraft = (about: About, draft: LetterDraft): void => store(nameOf(about), { ...draft, at: Date.now() })
export const dropLetterDraft = (about: About): void => forget(nameOf(about))

const onDocument = <T>({ model, id }: About, method: string, more: Record<string, unknown>): Promise<T> =>
  call<T>('portal.link', method, [], { res_model: model, res_id: id, ...more })

export const begin = (about: About, { to, lang }: LetterDraft): Promise<Begun> =>
  onDocument<Begun>(about, 'letter_begin', { ...(to ? { partner_ids: to.map((one) => one.id) } : {}), ...(lang ? { lang } : {}) })

/** What was sent, for as long as it can be taken back. */
export interface Sent {
  readonly jobs: readonly number[]
  readonly seconds: number
}

export async function send(
  about: About,
  letters: readonly (Written & { lang: string; partners: readonly number[] })[],
  files: readonly number[],
): Promise<Sent> {
  const sent = await onDocument<Sent>(about, 'letter_send', { letters, attachment_ids: files })
  dropLetterDraft(about)
  // The letter is on the record when it has been printed, a moment after it cannot be recalled any more.
  for (const after of [2, 6, 15])
    setTimeout(() => void queries.invalidateQueries({ queryKey: ['thread', about.model, about.id] }), (sent.seconds + after) * 1000)
  return sent
}

/** Takes it back; false where it has left. */
export async function recall(about: About, { jobs }: Sent): Promise<boolean> {
  const isStopped = await onDocument<boolean>(about, 'letter_recall', { jobs })
  touch(about)
  return isStopped
}
