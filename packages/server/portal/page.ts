import type { Fact, Paper, PaperLine, Reading } from '@erp4/orm'
import { type Html, href, html } from '../html/index.ts'
import { type PortalTexts, portalTexts } from './texts.ts'

export interface DocumentPage {
  readonly reading: Reading
  /** The document's own address; deeds go below it. */
  readonly path: string
  readonly csrfToken: string
  /** What the last deed came to, if it is told. */
  readonly message: { readonly text: string; readonly isBad: boolean } | null
  /** What was typed, when a deed did not work. */
  readonly typed?: { readonly name?: string; readonly question?: string }
}

type Page = DocumentPage & { readonly texts: PortalTexts }

/** A document, with what its reader can do about it. */
export function documentPage(given: DocumentPage): Html {
  const page = { ...given, texts: portalTexts(given.reading.lang) }
  const { reading, texts } = page
  if (reading.state === 'preparing') {
    return html`<article class="card">
        <h1>${texts.preparing}</h1>
        <p class="soft">${reading.paper.title}</p>
        <p>${texts.preparingHint(reading.paper.seller.name)}</p>
      </article>
      ${questions(page)}`
  }
  if (reading.state === 'changed') {
    return html`<article class="card">
      <h1>${texts.changed}</h1>
      <p class="soft">${reading.paper.title}</p>
      <p>${texts.changedHint}</p>
      ${deed(page, 'review', html`<button type="submit">${texts.review}</button>`)}
    </article>`
  }
  return html`${notices(page)}
    <article class="card">
      ${headline(page)}
      ${facts(reading.paper)}
      <ul class="lines">
        ${reading.paper.lines.filter((line) => line.kind !== 'item' || !line.isOptional).map((line) => lineOf(page, line))}
      </ul>
      <dl class="sums">${reading.paper.sums.map(sum)}</dl>
      ${reading.paper.notes.map(({ label, text }) => html`<section>${label && html`<h2>${label}</h2>`}<p class="text soft">${text}</p></section>`)}
    </article>
    ${offered(page)} ${reading.state === 'open' && reading.purpose === 'sign' && answers(page)} ${questions(page)}`
}

export const notice = (kind: '' | 'note' | 'bad', title: string, hint: string | Html | null): Html => {
  const inside = html`<h2>${title}</h2>
    ${hint !== null && html`<p>${hint}</p>`}`
  if (kind === 'bad') return html`<section class="notice bad" role="alert">${inside}</section>`
  return kind === 'note'
    ? html`<section class="notice note">${inside}</section>`
    : html`<section class="notice" role="status">${inside}</section>`
}

function notices({ reading, texts, message, path }: Page): Html {
  const { signature, state } = reading
  return html`${message && notice(message.isBad ? 'bad' : '', message.isBad ? texts.problem : message.text, message.isBad ? message.text : null)}
  ${
    state === 'accepted' &&
    html`<section class="notice" role="status">
    <h2>${signature ? texts.accepted(signature.name, `${signature.at.slice(0, 16)} UTC`) : texts.acceptedPlain}</h2>
    <p>${texts.acceptedHint}</p>
    ${signature && html`<p class="small soft">${texts.proof}<br /><code>${signature.hash}</code></p>`}
    ${
      signature?.hasPdf &&
      html`<p class="doors"><a class="button quiet slim" href="${href(`${path}/signed.pdf`)}">${texts.downloadSigned}</a></p>`
    }
  </section>`
  }
  ${state === 'declined' && notice('note', texts.declined, texts.declinedHint)}
  ${state === 'expired' && notice('note', texts.expired, texts.expiredHint)}`
}

function headline({ reading, texts, path }: Page): Html {
  const { paper, state, purpose, isSigned, lang } = reading
  return html`<div class="headline">
      <h1>${paper.title}</h1>
      <p class="amount figures">${paper.sums.at(-1)?.value}</p>
    </div>
    <p class="doors">
      ${state === 'open' && purpose === 'sign' && html`<a class="button" href="#accept">${isSigned ? texts.toSign : texts.toAccept}</a>`}
      <a class="button quiet" href="${href(`${path}/document.pdf?lang=${lang}`)}">${texts.download}</a>
    </p>`
}

const facts = ({ parties, facts: list }: Paper): Html =>
  html`<dl class="facts">
    ${parties.map(({ label, lines }) => html`<div><dt>${label}</dt><dd>${lines.map((line) => html`<p>${line}</p>`)}</dd></div>`)}
    ${list.map(({ label, value }) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}
  </dl>`

function lineOf(page: Page, line: PaperLine): Html {
  if (line.kind !== 'item')
    return line.kind === 'section'
      ? html`<li><h2 class="section">${line.text}</h2></li>`
      : html`<li><p class="more soft">${line.text}</p></li>`
  const { reading, texts } = page
  const canLeave = reading.state === 'open' && reading.purpose === 'sign' && reading.optional.includes(line.id)
  return html`<li>
    <p class="name">${line.name}</p>
    <p class="worth figures">${line.amount}</p>
    <p class="more small soft">${priceOf(line)}</p>
    ${line.detail !== '' && html`<p class="more small soft">${line.detail}</p>`}
    ${canLeave && choice(page, line.id, false, texts.remove, texts.removeOne(line.name))}
  </li>`
}

const priceOf = ({ quantity, price, discount, taxes }: Extract<PaperLine, { kind: 'item' }>): string =>
  [`${quantity} × ${price}`, discount === null ? '' : `−${discount}`, taxes].filter((part) => part !== '').join(' · ')

const sum = ({ label, value, strong }: Fact & { strong?: true }): Html =>
  strong
    ? html`<div class="strong"><dt>${label}</dt><dd class="figures">${value}</dd></div>`
    : html`<div><dt>${label}</dt><dd class="figures">${value}</dd></div>`

function offered(page: Page): Html | false {
  const { reading, texts } = page
  const lines = reading.paper.lines.filter((line) => line.kind === 'item' && line.isOptional) as Extract<PaperLine, { kind: 'item' }>[]
  if (lines.length === 0) return false
  const canTake = (id: number): boolean => reading.state === 'open' && reading.purpose === 'sign' && reading.optional.includes(id)
  return html`<section class="card">
    <div>
      <h2>${reading.paper.columns.optional}</h2>
      <p class="soft small">${texts.optionsHint}</p>
    </div>
    <ul class="lines">
      ${lines.map(
        (line) =>
          html`<li>
            <p class="name">${line.name}</p>
            <p class="worth figures">${line.amount}</p>
            <p class="more small soft">${priceOf(line)}</p>
            ${line.detail !== '' && html`<p class="more small soft">${line.detail}</p>`}
            ${canTake(line.id) && choice(page, line.id, true, texts.add, texts.addOne(line.name))}
          </li>`,
      )}
    </ul>
  </section>`
}

const choice = (page: Page, line: number, isTaken: boolean, label: string, says: string): Html =>
  deed(
    page,
    'choose',
    html`<input type="hidden" name="line" value="${line}" /><input type="hidden" name="taken" value="${isTaken ? '1' : '0'}" />
      <button class="quiet slim" type="submit" aria-label="${says}">${label}</button>`,
  )

/** A form for one deed, with the version that it is about. */
const deed = ({ path, csrfToken, reading }: DocumentPage, name: string, inside: Html): Html =>
  html`<form method="post" action="${href(`${path}/${name}?lang=${reading.lang}`)}">
    <input type="hidden" name="csrf_token" value="${csrfToken}" />
    <input type="hidden" name="version" value="${reading.hash}" />
    ${inside}
  </form>`

function answers(page: Page): Html {
  const { reading, texts, typed } = page
  return html`<section class="card" id="accept">
    <div>
      <h2>${texts.accept(reading.paper.title)}</h2>
      <p class="soft small">${reading.isSigned ? texts.signHint : texts.acceptHint}</p>
    </div>
    ${deed(
      page,
      'accept',
      html`<div class="field">
          <label for="name">${texts.yourName}</label>
          <input id="name" name="name" type="text" autocomplete="name" maxlength="200" required value="${typed?.name ?? reading.name}" />
        </div>
        ${
          reading.isSigned &&
          html`<div class="pad" hidden>
          <p class="label" id="draw">${texts.draw}</p>
          <canvas role="img" aria-labelledby="draw" aria-describedby="draw-hint"></canvas>
          <input type="hidden" name="image" />
          <p class="soft small" id="draw-hint">${texts.drawHint}</p>
          <button class="quiet slim" type="button">${texts.clear}</button>
        </div>`
        }
        <button type="submit">${reading.isSigned ? texts.toSign : texts.toAccept}</button>`,
    )}
    <details>
      <summary>${texts.decline}</summary>
      ${deed(
        page,
        'decline',
        html`<div class="field">
            <label for="reason">${texts.reason}</label>
            <textarea id="reason" name="reason" maxlength="2000"></textarea>
          </div>
          <button class="bad slim" type="submit">${texts.decline}</button>`,
      )}
    </details>
  </section>`
}

function questions(page: Page): Html {
  const { reading, texts, typed } = page
  return html`<section class="card">
    ${
      reading.thread.length > 0 &&
      html`<h2>${texts.thread}</h2>
      <ul class="thread">
        ${reading.thread.map(({ who, mine, at, text }) => said(mine, html`<p class="small soft">${mine ? texts.you : who} · ${at}</p><p>${text}</p>`))}
      </ul>`
    }
    <details>
      <summary>${texts.ask}</summary>
      ${deed(
        page,
        'ask',
        html`<div class="field">
            <label for="question">${texts.question}</label>
            <textarea id="question" name="question" maxlength="4000" required>${typed?.question ?? ''}</textarea>
          </div>
          <button class="slim" type="submit">${texts.send}</button>`,
      )}
    </details>
  </section>`
}

const said = (mine: boolean, inside: Html): Html => (mine ? html`<li>${inside}</li>` : html`<li class="theirs">${inside}</li>`)
