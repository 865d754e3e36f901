import { html, type Html } from '../html/index.ts'
import type { Texts } from './texts.ts'

export interface Page {
  title: string
  body: Html
  nonce: string
  texts: Texts
}

/** The frame of every page made here: one column, no script, light or dark as the device is. */
export const layout = ({ title, body, nonce, texts }: Page): Html =>
  html`<!doctype html>
    <html lang="${texts.code}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        ${style(nonce)}
      </head>
      <body>
        ${body}
      </body>
    </html> `

export const mark: Html = html`<span class="mark"
  ><svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false">
    <rect x="2" y="2" width="28" height="28" rx="8" fill="currentColor" opacity=".14" />
    <path d="M10 10.5h12M10 16h8M10 21.5h12" stroke="currentColor" stroke-width="2.6" stroke-linecap="round" fill="none" /></svg
  ><span>ERP4</span></span
>`

const style = (nonce: string): Html =>
  html`<style nonce="${nonce}">
    :root {
      color-scheme: light dark;
      --ground: #f5f6f4;
      --card: #ffffff;
      --ink: #1d2421;
      --soft: #5a6661;
      --line: #dde2de;
      --field: #ffffff;
      --edge: #84908a;
      --accent: #0f6b57;
      --accent-strong: #0b5646;
      --on-accent: #ffffff;
      --wash: #e7f1ed;
      --bad: #9c2b22;
      --bad-wash: #fbecea;
      --note: #7a5200;
      --note-wash: #fbf1dc;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --ground: #141817;
        --card: #1c2220;
        --ink: #e8edea;
        --soft: #a3afa9;
        --line: #303936;
        --field: #161b19;
        --edge: #78857f;
        --accent: #6fcfb4;
        --accent-strong: #8bdcc5;
        --on-accent: #0c211b;
        --wash: #20342e;
        --bad: #f3a59d;
        --bad-wash: #3a2422;
        --note: #efc878;
        --note-wash: #362c19;
      }
    }
    *,
    *::before,
    *::after {
      box-sizing: border-box;
    }
    html {
      -webkit-text-size-adjust: 100%;
      text-size-adjust: 100%;
    }
    body {
      margin: 0;
      min-height: 100vh;
      min-height: 100dvh;
      display: flex;
      flex-direction: column;
      background: var(--ground);
      color: var(--ink);
      font:
        400 1rem/1.55 system-ui,
        -apple-system,
        'Segoe UI',
        Roboto,
        'Apple SD Gothic Neo',
        'Malgun Gothic',
        'Noto Sans CJK KR',
        'Noto Sans KR',
        sans-serif;
      overflow-wrap: anywhere;
      word-break: keep-all;
    }
    h1 {
      font-size: 1.5rem;
      line-height: 1.25;
      font-weight: 650;
      letter-spacing: -0.015em;
      margin: 0;
      text-wrap: balance;
    }
    h2 {
      font-size: 0.95rem;
      font-weight: 600;
      margin: 0 0 0.75rem;
    }
    p {
      margin: 0;
    }
    a {
      color: var(--accent);
      text-underline-offset: 0.2em;
    }
    .soft {
      color: var(--soft);
    }
    .small {
      font-size: 0.875rem;
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
    .field {
      display: grid;
      gap: 0.35rem;
    }
    label {
      font-size: 0.9rem;
      font-weight: 550;
    }
    input {
      width: 100%;
      min-height: 2.9rem;
      padding: 0.5rem 0.8rem;
      font: inherit;
      color: inherit;
      background: var(--field);
      border: 1px solid var(--edge);
      border-radius: 9px;
    }
    button {
      min-height: 2.9rem;
      padding: 0.5rem 1.2rem;
      font: inherit;
      font-weight: 600;
      cursor: pointer;
      color: var(--on-accent);
      background: var(--accent);
      border: 1px solid transparent;
      border-radius: 9px;
    }
    button:hover {
      background: var(--accent-strong);
    }
    button.quiet {
      color: var(--ink);
      background: transparent;
      border-color: var(--edge);
      font-weight: 500;
      min-height: 2.75rem;
    }
    button.quiet:hover {
      background: var(--wash);
    }
    :focus-visible {
      outline: 3px solid var(--accent);
      outline-offset: 2px;
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
      margin: 0.1rem 0 0;
      font-weight: 550;
    }
    .apps {
      list-style: none;
      margin: 0;
      padding: 0;
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
      font:
        0.84rem/1.6 ui-monospace,
        SFMono-Regular,
        Menlo,
        Consolas,
        monospace;
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
