import { html, type Html, page } from '../html/index.ts'
import type { Texts } from './texts.ts'

export interface Page {
  title: string
  body: Html
  nonce: string
  texts: Texts
}

/** The frame of every page made here: one column, no script. */
export const layout = ({ title, body, nonce, texts }: Page): Html => page({ lang: texts.code, title, nonce, head: style(nonce), body })

export const mark: Html = html`<span class="mark"
  ><svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false">
    <rect x="2" y="2" width="28" height="28" rx="8" fill="currentColor" opacity=".14" />
    <path d="M10 10.5h12M10 16h8M10 21.5h12" stroke="currentColor" stroke-width="2.6" stroke-linecap="round" fill="none" /></svg
  ><span>ERP4</span></span
>`

const style = (nonce: string): Html =>
  html`<style nonce="${nonce}">
    body {
      display: flex;
      flex-direction: column;
    }
    h1 {
      font-size: 1.5rem;
      font-weight: 650;
    }
    h2 {
      font-size: 0.95rem;
      font-weight: 600;
      margin-bottom: 0.75rem;
    }
    .mark {
      display: inline-flex;
      align-items: center;
      gap: 0.55rem;
      color: var(--accent);
      font-weight: 650;
      letter-spacing: 0.01em;
    }
    .mark svg {
      display: block;
    }
    .middle {
      flex: 1;
      display: grid;
      justify-content: center;
      align-content: center;
      grid-template-columns: minmax(0, 25rem);
      padding: 1.5rem 1rem 12vh;
      gap: 1.25rem;
    }
    .middle > .mark {
      justify-self: center;
    }
    .card {
      background: var(--card);
      border: 1px solid var(--line);
      border-radius: 14px;
      padding: 2rem;
      box-shadow:
        0 1px 2px rgb(0 0 0 / 0.03),
        0 10px 30px rgb(0 0 0 / 0.04);
    }
    .card > h1 + p {
      margin-top: 0.35rem;
    }
    form {
      display: grid;
      gap: 1.1rem;
      margin-top: 1.5rem;
    }
    button.quiet {
      min-height: 2.75rem;
    }
    input:focus-visible {
      outline-offset: -1px;
      border-color: var(--accent);
    }
    .message {
      margin-top: 1.25rem;
      padding: 0.7rem 0.9rem;
      border-radius: 9px;
      font-size: 0.94rem;
      background: var(--wash);
      border: 1px solid color-mix(in srgb, var(--accent) 35%, transparent);
    }
    .message.bad {
      background: var(--bad-wash);
      color: var(--bad);
      border-color: color-mix(in srgb, var(--bad) 35%, transparent);
    }
    .after {
      margin-top: 1.5rem;
    }
    .banner {
      background: var(--note-wash);
      color: var(--note);
      padding: 0.7rem 1.25rem;
      text-align: center;
      font-size: 0.94rem;
    }
    .wide {
      width: 100%;
      max-width: 54rem;
      margin: 0 auto;
      padding: 1.25rem 1.25rem 4rem;
    }
    .bar {
      display: flex;
      flex-wrap: wrap;
      align-items: center;
      justify-content: space-between;
      gap: 0.75rem;
      margin-bottom: 2.5rem;
    }
    .bar form {
      margin: 0;
    }
    .wide section {
      margin-top: 2.25rem;
    }
    .facts {
      display: grid;
      grid-template-columns: repeat(auto-fit, minmax(min(100%, 13rem), 1fr));
      gap: 1rem 1.5rem;
      margin: 1.75rem 0 0;
      padding: 1.25rem 1.5rem;
      background: var(--card);
      border: 1px solid var(--line);
      border-radius: 14px;
    }
    .facts dt {
      font-size: 0.82rem;
      color: var(--soft);
    }
    .facts dd {
      margin-top: 0.1rem;
      font-weight: 550;
    }
    .apps {
      list-style: none;
      display: grid;
      grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr));
      gap: 0.75rem;
    }
    .apps li {
      background: var(--card);
      border: 1px solid var(--line);
      border-radius: 12px;
      padding: 0.9rem 1.1rem;
    }
    .apps strong {
      display: block;
      font-weight: 600;
    }
    pre {
      margin: 0.9rem 0 0;
      padding: 1rem 1.1rem;
      overflow-x: auto;
      background: var(--card);
      border: 1px solid var(--line);
      border-radius: 12px;
      overflow-wrap: normal;
    }
    @media (max-width: 30rem) {
      .card {
        padding: 1.5rem 1.25rem;
      }
      .middle {
        align-content: start;
        padding-top: 3rem;
      }
    }
  </style>`
