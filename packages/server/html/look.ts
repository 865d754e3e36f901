import { html, type Html } from './html.ts'

/** What all pages made on the server look like, light or dark as the device is: colours, letters, fields and buttons. Each page adds its own. */
export const look = (nonce: string): Html =>
  html`<style nonce="${nonce}">
    :root {
      color-scheme: light dark;
      --ground: #f3f5f3;
      --card: #ffffff;
      --ink: #1c2321;
      --soft: #56625d;
      --line: #e1e6e3;
      --field: #ffffff;
      --edge: #84908a;
      --accent: #0f6b57;
      --accent-strong: #0b5646;
      --on-accent: #ffffff;
      --wash: #e9f3ef;
      --bad: #9c2b22;
      --bad-wash: #fbecea;
      --note: #6f4a00;
      --note-wash: #fcf3df;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --ground: #131716;
        --card: #1b2120;
        --ink: #e8edea;
        --soft: #a6b2ac;
        --line: #2e3734;
        --field: #151a18;
        --edge: #78857f;
        --accent: #6fcfb4;
        --accent-strong: #8bdcc5;
        --on-accent: #0c211b;
        --wash: #1d302a;
        --bad: #f3a59d;
        --bad-wash: #3a2422;
        --note: #efc878;
        --note-wash: #352b18;
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
      min-height: 100dvh;
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
    h1,
    h2,
    p,
    dl,
    dd,
    ul,
    fieldset {
      margin: 0;
      padding: 0;
    }
    h1 {
      line-height: 1.25;
      letter-spacing: -0.015em;
      text-wrap: balance;
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
    .field {
      display: grid;
      gap: 0.35rem;
    }
    label,
    .label {
      font-size: 0.9rem;
      font-weight: 550;
    }
    input,
    select,
    textarea {
      width: 100%;
      min-height: 2.9rem;
      padding: 0.55rem 0.8rem;
      font: inherit;
      color: inherit;
      background: var(--field);
      border: 1px solid var(--edge);
      border-radius: 10px;
    }
    button,
    .button {
      min-height: 2.9rem;
      padding: 0.5rem 1.25rem;
      font: inherit;
      font-weight: 620;
      cursor: pointer;
      color: var(--on-accent);
      background: var(--accent);
      border: 1px solid transparent;
      border-radius: 10px;
    }
    button:hover,
    .button:hover {
      background: var(--accent-strong);
    }
    .quiet {
      color: var(--ink);
      background: transparent;
      border-color: var(--edge);
      font-weight: 520;
    }
    .quiet:hover {
      background: var(--wash);
    }
    :focus-visible {
      outline: 3px solid var(--accent);
      outline-offset: 2px;
    }
    code,
    pre {
      font:
        0.8125rem/1.5 ui-monospace,
        SFMono-Regular,
        Menlo,
        Consolas,
        monospace;
    }
  </style>`
