import { createHash, randomBytes } from 'node:crypto'
import { type Env, type Loaded, type ModelName, type Moment, type PaperKind, type SharedPaper, UserError, moment } from '@erp4/orm'
import { portal_link } from './models/portal_link.ts'

/** How long a link works when nothing about the document says otherwise. */
const linkDays = 60

/** What a link's token is known by. The token has 256 random bits, so that one round of SHA-256 is enough (ASVS 6.5.2). */
export const hashOfToken = (token: string): string => createHash('sha256').update(token).digest('hex')

export interface NewLink {
  readonly model: ModelName
  readonly id: number
  readonly purpose: 'sign' | 'view'
  readonly partner: number
  readonly email: string
  readonly shared: SharedPaper
  /** What names the letter that it goes with. */
  readonly letter: string
}

/** Makes a link to a document as it is now. The token is told here, once: nothing keeps it. */
export async function makeLink(
  sys: Env<true>,
  { model, id, purpose, partner, email, shared, letter }: NewLink,
): Promise<{ token: string; expires: string }> {
  const token = randomBytes(32).toString('base64url')
  const expires = endOfLink(sys)
  await sys.model('portal.link').create({
    res_model: model,
    res_id: id,
    purpose,
    partner_id: partner,
    email,
    token_hash: hashOfToken(token),
    content_hash: shared.hash,
    offered: [...shared.optional],
    letter,
    expires,
  })
  return { token, expires }
}

/** Until when a link that is made now works. */
export const endOfLink = ({ call }: Env): Moment => moment(new Date(call.now().getTime() + linkDays * 86_400_000))

const linkPaths = [
  'res_model',
  'res_id',
  'purpose',
  'partner_id.name',
  'partner_id.is_company',
  'partner_id.lang',
  'email',
  'content_hash',
  'offered',
] as const

export type OpenLink = Loaded<'portal.link', (typeof linkPaths)[number], true>

/** The link with this hash, while it works; undefined for every other one, whatever the reason. */
export async function openLink(sys: Env<true>, hash: string): Promise<OpenLink | undefined> {
  const [link] = await sys.model('portal.link').find(
    [
      ['token_hash', '=', hash],
      ['revoked_on', '=', null],
      ['expires', '>', moment(sys.call.now())],
    ],
    linkPaths,
  )
  return link
}

/** Whether somebody was sent this version of the document. */
export const wasSent = async (sys: Env<true>, model: ModelName, id: number, hash: string): Promise<boolean> =>
  (await sys.model('portal.link').count([
    ['res_model', '=', model],
    ['res_id', '=', id],
    ['content_hash', '=', hash],
    ['revoked_on', '=', null],
  ])) > 0

export const offeredOf = ({ offered }: { readonly offered: unknown }): number[] =>
  Array.isArray(offered) ? offered.filter((id): id is number => typeof id === 'number') : []

/** Ends links at once: whoever opens them is told what a stranger is told. */
export const action_revoke = portal_link.action('action_revoke', { needs: 'write' }, async ({ env, ids }) => {
  await env.asSystem('who may change a document may end the links to it', async (sys) => {
    await sys
      .model('portal.link')
      .browse(ids)
      .write({ revoked_on: moment(sys.call.now()) })
  })
})

/** The kind of documents that this model's records are. */
export function kindOf(env: Env, model: string): PaperKind | undefined {
  return kindsOf(env).find((kind) => kind.model === model)
}

export const kindsOf = (env: Env): PaperKind[] => env.registry.apps.flatMap(({ papers }) => papers)

/** The kind of this model. Throws a UserError where no app shows its records to anybody. */
export function demandKind(env: Env, model: string): PaperKind {
  const kind = kindOf(env, model)
  if (!kind) throw new UserError(env.t('These records are not shown to people outside.'))
  return kind
}
