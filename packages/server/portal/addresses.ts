import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import {
  AccessError,
  type AddressBook,
  type AddressGiven,
  type Databases,
  type Desk,
  type Env,
  type PostalAddress,
  UserError,
} from '@erp4/orm'
import { type Signed, checkFormToken, formToken } from '../auth/index.ts'
import { type Html, href, html } from '../html/index.ts'
import { isSameOrigin } from '../http/facts.ts'
import { readForm } from '../pages/form.ts'
import { deskOf } from './desk.ts'
import { sendGone } from './document.ts'
import { sendFramed } from './frame.ts'
import { notice } from './page.ts'
import { asUser, callAs, home } from './signed-in.ts'
import { type PortalTexts, askedLanguage, portalTexts } from './texts.ts'

const root = `${home}/addresses`
type Keyed = { Params: { id: string } }
type Choices = AddressBook['countries']

/** The addresses of whoever is signed in: to be read, added, changed and put away. */
export function addAddressPages(app: FastifyInstance, databases: Databases): void {
  const reading = { config: { access: 'session', forgery: 'harmless' } } as const
  const writing = { config: { access: 'session', forgery: 'form' }, bodyLimit: 1 << 16 } as const
  app.get<Keyed>(`${root}/:id`, reading, async (request, reply) =>
    asUser(databases, request, reply, (signed) => showForm(databases, request, reply, signed)),
  )
  app.post<Keyed>(`${root}/:id`, writing, async (request, reply) =>
    asUser(databases, request, reply, (signed) => takeForm(databases, request, reply, signed)),
  )
  app.post<Keyed>(`${root}/:id/archive`, writing, async (request, reply) =>
    asUser(databases, request, reply, (signed) => takeArchive(databases, request, reply, signed)),
  )
}

const scopeOf = ({ session }: Signed) => ({ holder: `${session!.hash} addresses`, route: 'form' as const })

/** Of the home page: where invoices and goods go. */
export function addressesOf(texts: PortalTexts, book: AddressBook, request: FastifyRequest, signed: Signed): Html {
  const token = formToken(request.instance, scopeOf(signed))
  const { main, mayChangeMain, others } = book
  return html`<section class="card">
    <h2>${texts.addresses}</h2>
    <ul class="lines">
      ${main && addressRow(texts, main, mayChangeMain, null)} ${others.map((one) => addressRow(texts, one, true, token))}
    </ul>
    <p class="doors">
      <a class="button quiet slim" href="${href(`${root}/delivery`)}">${texts.addDelivery}</a>
      <a class="button quiet slim" href="${href(`${root}/invoice`)}">${texts.addInvoice}</a>
    </p>
  </section>`
}

const addressRow = (texts: PortalTexts, address: PostalAddress, mayChange: boolean, token: string | null): Html =>
  html`<li>
    <p class="name">${address.kind === 'main' ? address.name : [texts.addressKinds[address.kind], address.name].filter(Boolean).join(' · ')}</p>
    <p class="worth doors">
      ${
        mayChange &&
        html`<a class="button quiet slim" href="${href(`${root}/${address.id}`)}" aria-label="${texts.changeOne(labelOf(texts, address))}">${texts.change}</a>`
      }
    </p>
    <p class="more small soft">${address.lines.length > 0 ? address.lines.join(', ') : texts.noAddress}</p>
    ${
      token !== null &&
      html`<form method="post" action="${href(`${root}/${address.id}/archive`)}">
        <input type="hidden" name="csrf_token" value="${token}" />
        <button class="quiet slim" type="submit" aria-label="${texts.archiveOne(labelOf(texts, address))}">${texts.archive}</button>
      </form>`
    }
  </li>`

const labelOf = (texts: PortalTexts, { kind, name, street }: PostalAddress): string =>
  [kind === 'main' ? '' : texts.addressKinds[kind], name || street].filter(Boolean).join(' ')

interface Shown {
  readonly address: Omit<AddressGiven, 'kind'> & { readonly kind: PostalAddress['kind'] }
  readonly states: Choices
  readonly problem: string | null
}

/** A path's end: the id of an address, or the kind of a new one. */
const idOf = (end: string): number | 'invoice' | 'delivery' | null =>
  end === 'invoice' || end === 'delivery' ? end : /^[1-9]\d{0,9}$/.test(end) && Number(end) <= 0x7fffffff ? Number(end) : null

const empty = { name: '', street: '', street2: '', zip: '', city: '', phone: '', state: null } as const

async function showForm(databases: Databases, request: FastifyRequest<Keyed>, reply: FastifyReply, signed: Signed): Promise<FastifyReply> {
  const id = idOf(request.params.id)
  const found = await atDesk(databases, request, 'reading', async (desk, env) => {
    const book = await desk.addresses(env)
    if (id === 'invoice' || id === 'delivery') {
      const country = book.main?.country ?? null
      return { book, address: { ...empty, kind: id, country }, states: country ? await desk.states(env, country) : [] }
    }
    const address = [...(book.main && book.mayChangeMain ? [book.main] : []), ...book.others].find((one) => one.id === id)
    return address ? { book, address, states: address.country ? await desk.states(env, address.country) : [] } : null
  })
  if (!found) return sendGone(request, reply)
  return sendForm(request, reply, signed, found.book.countries, { ...found, problem: null })
}

async function takeForm(databases: Databases, request: FastifyRequest<Keyed>, reply: FastifyReply, signed: Signed): Promise<FastifyReply> {
  const id = idOf(request.params.id)
  const fields = readForm(request)
  if (id === null || !fields) return sendGone(request, reply)
  const given = givenIn(fields, typeof id === 'string' ? id : 'delivery')
  const isForged = !isSameOrigin(request) || !checkFormToken(request.instance, scopeOf(signed), fields.get('csrf_token'))
  const texts = portalTexts(languageOf(request, signed))
  let problem = isForged ? texts.stale : null
  // Another country has other subdivisions: they are shown, and nothing is kept yet.
  if (!isForged && !fields.has('states')) {
    try {
      const isSaved = await atDesk(databases, request, 'writing', async (desk, env) => {
        await desk.saveAddress(env, typeof id === 'number' ? id : null, given)
        return true
      })
      if (isSaved) return await reply.redirect(home, 303)
    } catch (error) {
      if (error instanceof AccessError) return sendGone(request, reply)
      if (!(error instanceof UserError)) throw error
      problem = error.message
    }
  }
  const found = await atDesk(databases, request, 'reading', async (desk, env) => {
    const { countries, main, mayChangeMain, others } = await desk.addresses(env)
    const own = typeof id === 'string' ? { kind: id } : [...(main && mayChangeMain ? [main] : []), ...others].find((one) => one.id === id)
    return own ? { countries, kind: own.kind, states: given.country ? await desk.states(env, given.country) : [] } : null
  })
  if (!found) return sendGone(request, reply)
  const shown = { address: { ...given, kind: found.kind }, states: found.states, problem }
  return sendForm(request, reply.code(isForged ? 403 : problem ? 422 : 200), signed, found.countries, shown)
}

async function takeArchive(
  databases: Databases,
  request: FastifyRequest<Keyed>,
  reply: FastifyReply,
  signed: Signed,
): Promise<FastifyReply> {
  const id = idOf(request.params.id)
  const fields = readForm(request)
  if (typeof id !== 'number' || !isSameOrigin(request) || !checkFormToken(request.instance, scopeOf(signed), fields?.get('csrf_token')))
    return sendGone(request, reply)
  try {
    await atDesk(databases, request, 'writing', (desk, env) => desk.archiveAddress(env, id))
  } catch (error) {
    if (error instanceof AccessError) return sendGone(request, reply)
    throw error
  }
  return reply.redirect(home, 303)
}

const atDesk = <T>(
  databases: Databases,
  request: FastifyRequest,
  how: 'reading' | 'writing',
  work: (desk: Desk, env: Env) => Promise<T>,
): Promise<T | null> =>
  callAs(databases, request, how, async (env) => {
    const desk = deskOf(env.registry)
    return desk
      ? work(desk, env.withContext({ lang: askedLanguage((request.query as { lang?: unknown }).lang) ?? env.context.lang }))
      : (null as T)
  })

/** The fields that an address has; whatever else was sent is not read. */
function givenIn(fields: ReadonlyMap<string, string>, kind: AddressGiven['kind']): AddressGiven {
  const text = (name: string): string => (fields.get(name) ?? '').slice(0, 500)
  const id = (name: string): number | null => {
    const value = Number(fields.get(name))
    return Number.isSafeInteger(value) && value > 0 && value <= 0x7fffffff ? value : null
  }
  const [name, street, street2, zip, city, phone] = ['name', 'street', 'street2', 'zip', 'city', 'phone'].map(text) as [
    string,
    string,
    string,
    string,
    string,
    string,
  ]
  return { kind, name, street, street2, zip, city, phone, country: id('country'), state: id('state') }
}

const languageOf = (request: FastifyRequest, { user }: Signed): string =>
  askedLanguage((request.query as { lang?: unknown }).lang) ?? user.lang

function sendForm(request: FastifyRequest<Keyed>, reply: FastifyReply, signed: Signed, countries: Choices, shown: Shown): FastifyReply {
  const lang = languageOf(request, signed)
  const texts = portalTexts(lang)
  const { address, states, problem } = shown
  const path = `${root}/${request.params.id}`
  const title = address.kind === 'main' ? texts.addresses : texts.addressKinds[address.kind]
  const body = html`${problem !== null && notice('bad', texts.problem, problem)}
    <section class="card">
      <h1>${title}</h1>
      <form method="post" action="${href(`${path}?lang=${lang}`)}">
        <input type="hidden" name="csrf_token" value="${formToken(request.instance, scopeOf(signed))}" />
        ${address.kind !== 'main' && input(texts.nameThere, 'name', address.name, 'name', 100)}
        ${choice(texts.country, 'country', countries, address.country, texts.chooseCountry, 'country')}
        <button class="quiet slim" type="submit" name="states" value="1" formnovalidate>${texts.showStates}</button>
        ${input(texts.zip, 'zip', address.zip, 'postal-code', 20)} ${states.length > 0 && choice(texts.state, 'state', states, address.state, texts.noState, 'address-level1')}
        ${input(texts.city, 'city', address.city, 'address-level2', 100, true)} ${input(texts.street, 'street', address.street, 'address-line1', 200, true)}
        ${input(texts.street2, 'street2', address.street2, 'address-line2', 200)} ${input(texts.phone, 'phone', address.phone, 'tel', 40)}
        <p class="soft small">${texts.addressHint}</p>
        <p class="doors"><button type="submit">${texts.save}</button><a class="button quiet" href="${href(home)}">${texts.back}</a></p>
      </form>
    </section>`
  return sendFramed(reply, { title, lang, seller: null, path, body, foot: false })
}

const input = (label: string, name: string, value: string, complete: string, most: number, isRequired = false): Html =>
  isRequired
    ? html`<div class="field">
        <label for="${name}">${label}</label>
        <input id="${name}" name="${name}" type="text" autocomplete="${complete}" maxlength="${most}" required value="${value}" />
      </div>`
    : html`<div class="field">
        <label for="${name}">${label}</label>
        <input id="${name}" name="${name}" type="text" autocomplete="${complete}" maxlength="${most}" value="${value}" />
      </div>`

const choice = (label: string, name: string, choices: Choices, chosen: number | null, none: string, complete: string): Html =>
  html`<div class="field">
    <label for="${name}">${label}</label>
    <select id="${name}" name="${name}" autocomplete="${complete}">
      <option value="">${none}</option>
      ${choices.map(({ id, name: text }) =>
        id === chosen ? html`<option value="${id}" selected>${text}</option>` : html`<option value="${id}">${text}</option>`,
      )}
    </select>
  </div>`
