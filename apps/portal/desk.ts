import {
  type Deed,
  type Desk,
  type Env,
  type ModelName,
  type PaperKind,
  type Reader,
  type Reading,
  type SharedPaper,
  UserError,
  type Whence,
  moment,
} from '@erp4/orm'
import { archiveAddress, readAddresses, readStates, saveAddress } from './addresses.ts'
import { askKeeper, conversationOf, tellDeclined } from './conversation.ts'
import { askForLetter, postLetter, printLetter } from './letters.ts'
import { type OpenLink, kindOf, kindsOf, offeredOf, openLink, wasSent } from './links.ts'
import { signedFile, verifySignature } from './proof.ts'

/** A reader at a document: found to be allowed, with what he may do there. */
interface Visit {
  readonly kind: PaperKind
  readonly id: number
  readonly purpose: 'sign' | 'view'
  readonly link: OpenLink | null
  readonly partner: { readonly id: number; readonly name: string; readonly email: string | null; readonly lang: string }
  /** The name to begin with where he signs. */
  readonly signer: string
  readonly user: number | null
}

/** How customers are let in. */
export const desk: Desk = {
  async show(env, reader, lang) {
    const mayRead = await mayReadAsUser(env, reader)
    if (!mayRead) return null
    return env.asSystem('a reader sees the document that his link or his rights open', async (sys) => {
      const visit = await enter(sys, reader)
      return (visit && (await readingOf(sys, visit, lang))) as never
    })
  },

  async act(env, reader, deed, whence, lang) {
    const mayRead = await mayReadAsUser(env, reader)
    if (!mayRead) return false
    return env.asSystem('a reader answers the document that his link or his rights open', async (sys) => {
      const first = await enter(sys, reader)
      if (!first) return false
      await sys.model(first.kind.model).browse([first.id]).lock()
      // Read again under the lock: the link may have been ended, the document changed or answered, while this waited.
      const visit = await enter(sys, reader)
      const shared = visit && (await visit.kind.read(sys, [visit.id], lang)).get(visit.id)
      if (!visit || !shared) return false
      return perform(sys.withContext({ lang: lang ?? visit.partner.lang }), visit, shared, deed, whence)
    })
  },

  print: printLetter,
  post: postLetter,
  signedFile,
  verify: verifySignature,

  addresses: readAddresses,
  states: readStates,
  saveAddress,
  archiveAddress,
}

/** Somebody who is signed in is judged by his own rights, in SQL, like anywhere else. */
async function mayReadAsUser(env: Env, reader: Reader): Promise<boolean> {
  if ('link' in reader) return true
  const kind = kindsOf(env).find(({ path }) => path === reader.path)
  if (!kind || !Number.isInteger(reader.id) || reader.id < 1 || reader.id > 0x7fffffff) return false
  return (await env.model(kind.model).search([['id', '=', reader.id]] as never)).ids.length === 1
}

async function enter(sys: Env<true>, reader: Reader): Promise<Visit | null> {
  if ('link' in reader) {
    const link = await openLink(sys, reader.link)
    const kind = link && kindOf(sys, link.res_model)
    if (!link || !kind) return null
    const { id, name, lang, is_company } = link.partner_id
    return {
      kind,
      id: link.res_id,
      purpose: link.purpose,
      link,
      partner: { id, name: name ?? '', email: link.email, lang: lang ?? 'en_US' },
      // A person signs, not a company: what he is called is his to say.
      signer: is_company ? '' : (name ?? ''),
      user: null,
    }
  }
  const kind = kindsOf(sys).find(({ path }) => path === reader.path)
  const [user] = await sys.model('res.users').browse([reader.user.id]).read(['lang', 'partner_id.name', 'partner_id.email'])
  if (!kind || !user) return null
  const { id, name, email } = user.partner_id
  return {
    kind,
    id: reader.id,
    purpose: kind.accept ? 'sign' : 'view',
    link: null,
    partner: { id, name: name ?? '', email, lang: user.lang ?? 'en_US' },
    signer: name ?? '',
    user: reader.user.id,
  }
}

async function readingOf(sys: Env<true>, visit: Visit, lang: string | undefined): Promise<Reading | null> {
  const language = lang ?? visit.partner.lang
  const shared = (await visit.kind.read(sys, [visit.id], language)).get(visit.id)
  if (!shared) return null
  const { model } = visit.kind
  return {
    model,
    id: visit.id,
    lang: language,
    paper: shared.paper,
    hash: shared.hash,
    state: await stateOf(sys, visit, shared),
    purpose: visit.purpose,
    isSigned: shared.isSigned,
    optional: await optionsOf(sys, visit, shared),
    name: visit.signer,
    signature: shared.state === 'accepted' ? await signatureOf(sys, model, visit.id) : null,
    thread: await conversationOf(sys, model, visit.id, visit.partner.id),
  }
}

/** The document's state, as the version that the reader was sent stands to it. */
async function stateOf(sys: Env<true>, { kind, id, link }: Visit, shared: SharedPaper): Promise<Reading['state']> {
  if (shared.state === 'withdrawn') return 'preparing'
  if (!link || shared.state !== 'open' || link.content_hash === shared.hash) return shared.state
  return (await wasSent(sys, kind.model, id, shared.hash)) ? 'changed' : 'preparing'
}

/**
 * What was offered to him, taken or not, as long as it can be chosen. Who is signed in has no link of his own: for him it is what was sent last,
 * not what somebody was once offered and is part of the order by now.
 */
async function optionsOf(sys: Env<true>, { kind, id, link }: Visit, shared: SharedPaper): Promise<number[]> {
  if (link) return offeredOf(link)
  const [last] = await sys.model('portal.link').find(
    [
      ['res_model', '=', kind.model],
      ['res_id', '=', id],
    ],
    ['offered'],
    { limit: 1, order: 'id desc' },
  )
  return [...new Set([...shared.optional, ...(last ? offeredOf(last) : [])])]
}

async function signatureOf(sys: Env<true>, model: ModelName, id: number): Promise<Reading['signature']> {
  const [signature] = await sys.model('portal.signature').find(
    [
      ['res_model', '=', model],
      ['res_id', '=', id],
    ],
    ['name', 'signed_on', 'content_hash', 'file'],
    { limit: 1, order: 'id desc' },
  )
  if (!signature) return null
  return { id: signature.id, name: signature.name, at: signature.signed_on, hash: signature.content_hash, hasPdf: signature.file !== null }
}

async function perform(sys: Env<true>, visit: Visit, shared: SharedPaper, deed: Deed, whence: Whence): Promise<boolean> {
  if (deed.kind === 'ask') {
    await askKeeper(sys, { ...visit, model: visit.kind.model, shared }, deed.text)
    return true
  }
  if (visit.purpose !== 'sign') return false
  const state = await stateOf(sys, visit, shared)
  if (deed.kind === 'review') {
    if (state === 'changed' && visit.link) await bind(sys, visit.link, shared.hash, shared.optional)
    return true
  }
  // Answered by another click, another tab or another person, or past its day: the page that he gets next tells it.
  if (state !== 'open') return true
  if (deed.kind === 'choose') return choose(sys, visit, shared, deed)
  // What he had before him is not what stands here now.
  if (deed.hash !== shared.hash) return true
  await (deed.kind === 'accept' ? accept(sys, visit, shared, deed, whence) : decline(sys, visit, shared, deed.reason))
  return true
}

async function choose(
  sys: Env<true>,
  visit: Visit,
  shared: SharedPaper,
  { line, taken }: Extract<Deed, { kind: 'choose' }>,
): Promise<boolean> {
  const { kind, id, link } = visit
  if (!kind.choose || !(await optionsOf(sys, visit, shared)).includes(line)) return false
  await kind.choose(sys, id, line, taken)
  // His own choice makes the version that he has before him.
  const now = link && (await kind.read(sys, [id])).get(id)
  if (link && now) await bind(sys, link, now.hash, offeredOf(link))
  return true
}

const bind = (sys: Env<true>, { id }: OpenLink, hash: string, offered: readonly number[]): Promise<void> =>
  sys
    .model('portal.link')
    .browse([id])
    .write({ content_hash: hash, offered: [...offered] })

const longestName = 200

async function accept(
  sys: Env<true>,
  { kind, id, link, partner, user }: Visit,
  shared: SharedPaper,
  deed: Extract<Deed, { kind: 'accept' }>,
  whence: Whence,
): Promise<void> {
  const name = deed.name.replaceAll(/\s+/g, ' ').trim().slice(0, longestName)
  if (!kind.accept) throw new UserError(sys.t('There is nothing to accept here.'))
  if (name === '') throw new UserError(sys.t('Please write your name.'))
  const { paper, hash } = shared
  const signature = await sys.model('portal.signature').create({
    res_model: kind.model,
    res_id: id,
    partner_id: partner.id,
    link_id: link?.id ?? null,
    user_id: user,
    name,
    email: partner.email,
    image: deed.image as never,
    signed_on: moment(sys.call.now()),
    address: whence.address,
    agent: whence.agent.slice(0, 300),
    content_hash: hash,
    content: { ...paper, seller: { ...paper.seller, logo: null } } as never,
  })
  await kind.accept(sys, id, { name, image: deed.image, hash, partner: partner.id })
  await askForLetter(sys, { kind: 'signed', signature: signature.ids[0]! })
}

async function decline(sys: Env<true>, { kind, id, partner }: Visit, shared: SharedPaper, reason: string): Promise<void> {
  if (!kind.decline) throw new UserError(sys.t('There is nothing to decline here.'))
  const why = reason.trim().slice(0, 2000)
  await kind.decline(sys, id, why)
  await tellDeclined(sys, { model: kind.model, id, shared, partner }, why)
}
