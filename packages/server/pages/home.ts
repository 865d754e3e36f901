import { callMethod, type Env, RawJson } from '@erp4/orm'
import { html, type Html } from '../html/index.ts'
import { layout, mark } from './layout.ts'
import type { Texts } from './texts.ts'

export interface Home {
  nonce: string
  texts: Texts
  name: string
  login: string
  company: string
  instance: string
  /** Of a copy: what it is. */
  banner: string | undefined
  origin: string
  apps: readonly { name: string; title: string }[]
  csrfToken: string
}

/** What a signed-in person sees until the client is there. */
export const homePage = (home: Home): Html =>
  layout({
    nonce: home.nonce,
    texts: home.texts,
    title: `ERP4 · ${home.instance}`,
    body: html`${home.banner !== undefined && html`<p class="banner" role="status">${home.banner}</p>`}
      <div class="wide">
        <header class="bar">
          ${mark}
          <form method="post" action="/web/session/logout">
            <input type="hidden" name="csrf_token" value="${home.csrfToken}" />
            <button type="submit" class="quiet">${home.texts.signOut}</button>
          </form>
        </header>
        <main>
          <h1>${home.texts.welcome(home.name)}</h1>
          <dl class="facts">
            ${fact(home.texts.signedInAs, home.login)} ${fact(home.texts.company, home.company)} ${fact(home.texts.instance, home.instance)}
          </dl>
          <section aria-labelledby="apps">
            <h2 id="apps">${home.texts.apps}</h2>
            ${
              home.apps.length === 0
                ? html`<p class="soft">${home.texts.noApps}</p>`
                : html`<ul class="apps">
                    ${home.apps.map(app)}
                  </ul>`
            }
          </section>
          <section aria-labelledby="programs">
            <h2 id="programs">${home.texts.programs}</h2>
            <p class="soft">${home.texts.programsHint}</p>
            <pre tabindex="0">${example(home)}</pre>
          </section>
        </main>
      </div>`,
  })

const fact = (name: string, value: string): Html =>
  html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`

const app = ({ name, title }: { name: string; title: string }): Html =>
  html`<li><strong>${title}</strong><span class="soft small">${name}</span></li>`

const example = ({ origin, instance }: Home): string => `POST ${origin}/json/2/res.partner/search_read
Authorization: bearer <API key>
Content-Type: application/json

{"domain": [["is_company", "=", true]], "fields": ["name", "city"], "limit": 10}

JSON-RPC  ${origin}/jsonrpc
XML-RPC   ${origin}/xmlrpc/2/common  /xmlrpc/2/object
db        ${instance}`

/** The company's name, if this user may read it. */
export async function companyName(env: Env, id: number): Promise<string> {
  const mayRead = await callMethod(env, { model: 'res.company', method: 'has_access', args: [[id], 'read'], kwargs: {} })
  // Customers know their company by name alone; its record is not for them.
  if (mayRead !== true) return ''
  const answer = await callMethod(env, { model: 'res.company', method: 'read', args: [[id], ['name']], kwargs: {} })
  const rows = (answer instanceof RawJson ? JSON.parse(answer.text) : answer) as { name: string }[]
  return rows[0]?.name ?? ''
}
