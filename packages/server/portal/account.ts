import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Databases, Device, PaperRow } from '@erp4/orm'
import { type Signed, checkFormToken, formToken } from '../auth/index.ts'
import { type Html, href, html } from '../html/index.ts'
import { isSameOrigin } from '../http/facts.ts'
import { readForm } from '../pages/form.ts'
import { addressesOf } from './addresses.ts'
import { deskOf } from './desk.ts'
import { sendGone, sendLogo, sendPdf, sendSigned, showDocument, takeDeed, type Visit } from './document.ts'
import { sendFramed } from './frame.ts'
import { asUser, callAs, home } from './signed-in.ts'
import { askedLanguage, type PortalTexts, portalTexts } from './texts.ts'

const mostRows = 50

/** The pages of people from outside who sign in: their own documents, by their own rights, and where they are signed in. */
export function addAccountPages(app: FastifyInstance, databases: Databases, deedNames: readonly string[], formBytes: number): void {
  const reading = { config: { access: 'session', forgery: 'harmless' } } as const
  const writing = { config: { access: 'session', forgery: 'form' }, bodyLimit: formBytes } as const
  type Named = { Params: { path: string; id: string } }
  app.get(home, reading, async (request, reply) =>
    asUser(databases, request, reply, (signed) => showMine(databases, request, reply, signed)),
  )
  app.post(`${home}/devices`, writing, async (request, reply) =>
    asUser(databases, request, reply, (signed) => endDevice(databases, request, reply, signed)),
  )
  const answers = { '': showDocument, '/document.pdf': sendPdf, '/signed.pdf': sendSigned, '/logo': sendLogo }
  for (const [end, answer] of Object.entries(answers)) {
    app.get<Named>(`${home}/:path/:id${end}`, reading, async (request, reply) =>
      asUser(databases, request, reply, (signed) => atDocument(databases, request, reply, signed, answer)),
    )
  }
  for (const name of deedNames) {
    app.post<Named>(`${home}/:path/:id/${name}`, writing, async (request, reply) =>
      asUser(databases, request, reply, (signed) => atDocument(databases, request, reply, signed, (...at) => takeDeed(...at, name))),
    )
  }
}

async function atDocument(
  databases: Databases,
  request: FastifyRequest<{ Params: { path: string; id: string } }>,
  reply: FastifyReply,
  { user, session }: Signed,
  answer: (request: FastifyRequest, reply: FastifyReply, visit: Visit) => Promise<FastifyReply>,
): Promise<FastifyReply> {
  const { path, id } = request.params
  const { instance } = request
  if (!/^[1-9]\d{0,9}$/.test(id) || !/^[a-z]{1,30}$/.test(path)) return sendGone(request, reply)
  return answer(request, reply, {
    reader: { user, path, id: Number(id) },
    path: `${home}/${path}/${id}`,
    holder: `${instance.name} ${session!.hash} ${path} ${id}`,
    take: (rate) => databases.use(instance.database, (cx) => rate.take(cx, instance, `${user.id} ${path} ${id}`)),
    call: (how, work) => callAs(databases, request, how, work) as never,
  })
}

async function showMine(databases: Databases, request: FastifyRequest, reply: FastifyReply, signed: Signed): Promise<FastifyReply> {
  const { instance } = request
  const lang = askedLanguage((request.query as { lang?: unknown }).lang) ?? signed.user.lang
  const texts = portalTexts(lang)
  const kinds = instance.registry.apps.flatMap(({ papers }) => papers)
  const found = await callAs(databases, request, 'reading', async (env) => {
    const spoken = env.withContext({ lang })
    const lists: { path: string; label: string; rows: readonly PaperRow[] }[] = []
    // One after the other, on one connection.
    for (const kind of kinds) lists.push({ path: kind.path, label: spoken.t(kind.label[1]), rows: await kind.list(spoken, mostRows) })
    const desk = deskOf(env.registry)
    return {
      lists,
      book: desk ? await desk.addresses(spoken) : null,
      devices: (await env.call.accounts?.devicesOf(env.cx, env.user.id)) ?? [],
    }
  })
  if (!found) return reply.redirect('/web/login', 303)
  const body = html`<section class="card">
      <div class="headline">
        <h1>${texts.hello(signed.user.name)}</h1>
        <form method="post" action="/web/session/logout">
          <input type="hidden" name="csrf_token" value="${formToken(instance, { holder: signed.session!.hash, route: 'sign-out' })}" />
          <button class="quiet slim" type="submit">${texts.signOut}</button>
        </form>
      </div>
    </section>
    ${found.lists.map(({ path, label, rows }) => listOf(texts, path, label, rows))}
    ${found.book && addressesOf(texts, found.book, request, signed)}
    ${devicesOf(texts, found.devices, formToken(instance, deviceScope(signed)))}`
  return sendFramed(reply, { title: texts.mine, lang, seller: null, path: home, body })
}

const listOf = (texts: PortalTexts, path: string, label: string, rows: readonly PaperRow[]): Html =>
  html`<section class="card">
    <h2>${label}</h2>
    ${rows.length === 0 && html`<p class="soft">${texts.none}</p>`}
    <ul class="rows">
      ${rows.map(
        (row) =>
          html`<li>
            <a href="${href(`${home}/${path}/${row.id}`)}">
              <span class="name">${row.name}</span><span class="right figures">${row.amount}</span>
              <span class="small soft">${row.date}</span><span class="right small soft">${row.status}</span>
            </a>
          </li>`,
      )}
    </ul>
  </section>`

const devicesOf = (texts: PortalTexts, devices: readonly Device[], csrfToken: string): Html =>
  html`<section class="card">
    <h2>${texts.devices}</h2>
    <ul class="lines">
      ${devices.map(
        (device) =>
          html`<li>
            <p class="name">${device.agent ?? texts.unknownDevice}</p>
            <p class="worth small">${device.current ? texts.thisDevice : ''}</p>
            <p class="more small soft">${[device.source ?? '', texts.seen(`${device.seen.slice(0, 16)} UTC`)].filter(Boolean).join(' · ')}</p>
            ${
              !device.current &&
              html`<form method="post" action="/my/devices">
                <input type="hidden" name="csrf_token" value="${csrfToken}" />
                <input type="hidden" name="device" value="${device.id}" />
                <button class="quiet slim" type="submit">${texts.endDevice}</button>
              </form>`
            }
          </li>`,
      )}
    </ul>
  </section>`

const deviceScope = ({ session }: Signed) => ({ holder: `${session!.hash} devices`, route: 'form' as const })

async function endDevice(databases: Databases, request: FastifyRequest, reply: FastifyReply, signed: Signed): Promise<FastifyReply> {
  const fields = readForm(request)
  const device = fields?.get('device') ?? ''
  if (!isSameOrigin(request) || !checkFormToken(request.instance, deviceScope(signed), fields?.get('csrf_token')) || device === '')
    return sendGone(request, reply)
  await callAs(databases, request, 'writing', async ({ call, cx, user }) =>
    call.accounts?.endSessions(cx, { user: user.id, device, by: user.id }),
  )
  return reply.redirect(home, 303)
}
