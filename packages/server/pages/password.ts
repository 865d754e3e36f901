import { html, type Html } from '../html/index.ts'
import { layout, mark } from './layout.ts'
import { notice } from './sign-in.ts'
import type { Texts } from './texts.ts'

export interface PasswordPage {
  nonce: string
  texts: Texts
  /** The instance's name. */
  instance: string
  message?: { text: string; isBad: boolean } | undefined
}

export interface AskPage extends PasswordPage {
  csrfToken: string
}

/** Where somebody who forgot his password says who he is. */
export const askPage = ({ nonce, texts, instance, message, csrfToken }: AskPage): Html =>
  card(
    { nonce, texts, title: `${texts.forgot} · ${instance}` },
    html`<h1>${texts.forgot}</h1>
      <p class="soft">${texts.forgotHint}</p>
      ${message && notice(message)}
      <form method="post" action="/web/reset_password">
        <input type="hidden" name="csrf_token" value="${csrfToken}" />
        <div class="field">
          <label for="login">${texts.login}</label>
          <input id="login" name="login" type="text" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="320" required />
        </div>
        <button type="submit">${texts.sendLink}</button>
      </form>
      <p class="after"><a href="/web/login">${texts.backToSignIn}</a></p>`,
  )

export interface ChoosePage extends PasswordPage {
  csrfToken: string
  name: string
  login: string
  /** The least length of a password here. */
  least: number
}

/** Where the link of a mail leads. It says whose password it is: a link that somebody else was sent must not pass for one's own. */
export const choosePage = ({ nonce, texts, instance, message, csrfToken, name, login, least }: ChoosePage): Html =>
  card(
    { nonce, texts, title: texts.chooseFor(instance) },
    html`<h1>${texts.choose}</h1>
      <p class="soft">${texts.chooseHint(name, login)}</p>
      ${message && notice(message)}
      <form method="post" action="/web/choose_password">
        <input type="hidden" name="csrf_token" value="${csrfToken}" />
        <input hidden name="login" type="text" autocomplete="username" value="${login}" readonly />
        <div class="field">
          <label for="password">${texts.newPassword}</label>
          <input id="password" name="password" type="password" autocomplete="new-password" aria-describedby="length" required autofocus />
          <p class="soft small" id="length">${texts.lengthHint(least)}</p>
        </div>
        <div class="field">
          <label for="again">${texts.newPasswordAgain}</label>
          <input id="again" name="again" type="password" autocomplete="new-password" required />
        </div>
        <button type="submit">${texts.keepAndSignIn}</button>
      </form>`,
  )

/** A link that is no longer good, or never was: one page for all reasons. */
export const gonePage = ({ nonce, texts }: PasswordPage): Html =>
  card(
    { nonce, texts, title: texts.linkGone },
    html`<h1>${texts.linkGone}</h1>
      <p class="soft">${texts.linkGoneHint}</p>
      <p class="after"><a href="/web/reset_password">${texts.forgot}</a></p>
      <p class="after"><a href="/web/login">${texts.backToSignIn}</a></p>`,
  )

const card = (page: { nonce: string; texts: Texts; title: string }, inside: Html): Html =>
  layout({
    ...page,
    body: html`<main class="middle">
      ${mark}
      <div class="card">${inside}</div>
    </main>`,
  })
