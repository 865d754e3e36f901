import { html, type Html } from '../html/index.ts'
import { layout, mark } from './layout.ts'
import type { Texts } from './texts.ts'

export interface Failure {
  nonce: string
  texts: Texts
  status: number
  /** What to tell us to find it in the log. */
  reference?: string | undefined
}

/** A page for 403, 404 and everything that failed inside; it says nothing about what failed. */
export function errorPage({ nonce, texts, status, reference }: Failure): Html {
  const [title, hint] = sentences(texts, status)
  return layout({
    nonce,
    texts,
    title,
    body: html`<main class="middle">
      ${mark}
      <div class="card">
        <p class="soft small">${status}</p>
        <h1>${title}</h1>
        <p class="soft">${hint}</p>
        ${reference !== undefined && html`<p class="message">${texts.reference}: ${reference}</p>`}
        <p class="after"><a href="/web">${texts.back}</a></p>
      </div>
    </main>`,
  })
}

function sentences(texts: Texts, status: number): [string, string] {
  if (status === 404) return [texts.notFound, texts.notFoundHint]
  // Any other reason for a 503 passes by itself, and is told where it comes up.
  if (status === 503) return [texts.suspended, texts.suspendedHint]
  if (status === 429) return [texts.tooQuick, texts.tooQuickHint]
  if (status === 403) return [texts.forbidden, texts.forbiddenHint]
  return [texts.failed, texts.failedHint]
}
