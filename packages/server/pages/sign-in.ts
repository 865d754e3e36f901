import { html, type Html } from '../html/index.ts'
import { layout, mark } from './layout.ts'
import type { Texts } from './texts.ts'

export interface SignInForm {
  nonce: string
  texts: Texts
  /** The instance's name. */
  instance: string
  /** Of a copy: what it is. */
  banner: string | undefined
  csrfToken: string
  redirect: string
  /** Kept in the field after a failure. */
  login: string
  message?: { text: string; isBad: boolean } | undefined
}

export function signInPage(form: SignInForm): Html {
  const { nonce, texts, instance } = form
  return layout({
    nonce,
    texts,
    title: texts.signInTo(instance),
    body: html`${form.banner !== undefined && html`<p class="banner">${form.banner}</p>`}
      <main class="middle">
        ${mark}
        <div class="card">
          <h1>${texts.signIn}</h1>
          <p class="soft">${instance}</p>
          ${form.message && notice(form.message)}
          <form method="post" action="/web/login">
            <input type="hidden" name="csrf_token" value="${form.csrfToken}" />
            <input type="hidden" name="redirect" value="${form.redirect}" />
            <div class="field"><label for="login">${texts.login}</label>${loginField(form)}</div>
            <div class="field"><label for="password">${texts.password}</label>${passwordField(form)}</div>
            <button type="submit">${texts.signIn}</button>
          </form>
          <p class="after"><a href="/web/reset_password">${texts.forgot}</a></p>
        </div>
      </main>`,
  })
}

export const notice = ({ text, isBad }: { text: string; isBad: boolean }): Html =>
  isBad
    ? html`<p class="message bad" id="message" role="alert">${text}</p>`
    : html`<p class="message" id="message" role="status">${text}</p>`

// After a failure the login is mostly right: the cursor waits in the password.
const loginField = ({ login }: SignInForm): Html =>
  login === ''
    ? html`<input
        id="login"
        name="login"
        type="text"
        autocomplete="username"
        autocapitalize="none"
        spellcheck="false"
        maxlength="320"
        required
        autofocus
      />`
    : html`<input
        id="login"
        name="login"
        type="text"
        autocomplete="username"
        autocapitalize="none"
        spellcheck="false"
        maxlength="320"
        required
        value="${login}"
      />`

const passwordField = ({ login, message }: SignInForm): Html =>
  login === '' || !message?.isBad
    ? html`<input id="password" name="password" type="password" autocomplete="current-password" required />`
    : html`<input
        id="password"
        name="password"
        type="password"
        autocomplete="current-password"
        required
        autofocus
        aria-describedby="message"
      />`
