import { html, type Html } from '../html/index.ts'

/** What the pages for people outside add to the common look: paper on a desk, one column, made for a thumb first. */
export const style = (nonce: string): Html =>
  html`<style nonce="${nonce}">
    html {
      scroll-behavior: smooth;
    }
    @media (prefers-reduced-motion: reduce) {
      html {
        scroll-behavior: auto;
      }
    }
    h1 {
      font-size: 1.6rem;
      font-weight: 680;
    }
    h2 {
      font-size: 1.05rem;
      line-height: 1.35;
      font-weight: 650;
    }
    ul {
      list-style: none;
    }
    .figures {
      font-variant-numeric: tabular-nums;
      white-space: nowrap;
    }
    .pile {
      display: grid;
      gap: inherit;
      grid-template-columns: minmax(0, 1fr);
    }
    .column {
      max-width: 46rem;
      margin: 0 auto;
      padding: 1rem 1rem 3.5rem;
      display: grid;
      gap: 1rem;
      grid-template-columns: minmax(0, 1fr);
    }
    .top {
      display: flex;
      align-items: center;
      justify-content: space-between;
      gap: 1rem;
      min-height: 2.75rem;
    }
    .seller {
      font-weight: 680;
      letter-spacing: -0.01em;
      color: var(--accent);
      text-decoration: none;
    }
    .seller img {
      display: block;
      max-height: 2.75rem;
      max-width: 11rem;
      border-radius: 4px;
    }
    .languages {
      display: flex;
      gap: 0.25rem;
    }
    .languages a,
    .languages span {
      display: inline-flex;
      align-items: center;
      min-height: 2.75rem;
      padding: 0 0.55rem;
      font-size: 0.875rem;
      color: var(--soft);
      text-decoration: none;
      border-radius: 8px;
    }
    .languages a:hover {
      text-decoration: underline;
    }
    .languages span {
      color: var(--ink);
      font-weight: 600;
    }
    .card {
      background: var(--card);
      border: 1px solid var(--line);
      border-radius: 16px;
      padding: 1.25rem;
      display: grid;
      gap: 1rem;
      grid-template-columns: minmax(0, 1fr);
    }
    .notice {
      border-radius: 14px;
      padding: 1rem 1.25rem;
      background: var(--wash);
      border: 1px solid color-mix(in srgb, var(--accent) 35%, transparent);
      display: grid;
      gap: 0.35rem;
    }
    .notice.note {
      background: var(--note-wash);
      border-color: color-mix(in srgb, var(--note) 40%, transparent);
    }
    .notice.note h2 {
      color: var(--note);
    }
    .notice.bad {
      background: var(--bad-wash);
      border-color: color-mix(in srgb, var(--bad) 40%, transparent);
    }
    .notice.bad h2 {
      color: var(--bad);
    }
    .notice form {
      margin-top: 0.5rem;
    }
    .headline {
      display: flex;
      flex-wrap: wrap;
      align-items: baseline;
      justify-content: space-between;
      gap: 0.35rem 1.5rem;
    }
    .amount {
      font-size: 1.6rem;
      font-weight: 680;
      letter-spacing: -0.015em;
    }
    .doors {
      display: flex;
      flex-wrap: wrap;
      gap: 0.6rem;
    }
    .facts {
      display: grid;
      grid-template-columns: repeat(auto-fill, minmax(min(100%, 8.5rem), 1fr));
      gap: 0.9rem 1.25rem;
      border-top: 1px solid var(--line);
      padding-top: 1rem;
    }
    .facts dt {
      font-size: 0.8125rem;
      color: var(--soft);
    }
    .facts dd p + p {
      color: var(--soft);
    }
    .facts + .lines {
      border-top: 1px solid var(--line);
      padding-top: 1.25rem;
    }
    .lines li {
      display: grid;
      grid-template-columns: minmax(0, 1fr) auto;
      gap: 0.1rem 1.25rem;
      padding: 0.8rem 0;
      border-top: 1px solid var(--line);
    }
    .lines li:first-child {
      border-top: 0;
      padding-top: 0;
    }
    .lines .name {
      font-weight: 550;
    }
    .lines .worth {
      text-align: right;
      font-weight: 550;
    }
    .lines .more {
      grid-column: 1 / -1;
      white-space: pre-line;
    }
    .lines .section {
      grid-column: 1 / -1;
      font-weight: 680;
    }
    .lines form {
      grid-column: 1 / -1;
      margin-top: 0.4rem;
    }
    .sums {
      border-top: 1px solid var(--edge);
      padding-top: 0.9rem;
      display: grid;
      gap: 0.4rem;
    }
    .sums div {
      display: flex;
      justify-content: space-between;
      gap: 1.5rem;
    }
    .sums dt {
      color: var(--soft);
    }
    .sums .strong {
      font-size: 1.15rem;
      font-weight: 680;
      margin-top: 0.3rem;
    }
    .sums .strong dt {
      color: inherit;
    }
    .text {
      white-space: pre-line;
    }
    form {
      display: grid;
      gap: 1rem;
    }
    textarea {
      min-height: 6rem;
      resize: vertical;
    }
    button,
    .button {
      display: inline-flex;
      align-items: center;
      justify-content: center;
      text-decoration: none;
      text-align: center;
    }
    button.bad {
      color: var(--bad);
      background: transparent;
      border-color: var(--bad);
    }
    button.bad:hover {
      background: var(--bad-wash);
    }
    button[disabled] {
      opacity: 0.6;
      cursor: progress;
    }
    .slim {
      min-height: 2.75rem;
      padding: 0.2rem 1rem;
      justify-self: start;
      font-size: 0.94rem;
    }
    .card > details:only-child,
    .card > details:last-child {
      margin: -0.5rem 0;
    }
    details summary {
      cursor: pointer;
      min-height: 2.75rem;
      display: flex;
      align-items: center;
      font-weight: 550;
      color: var(--soft);
      border-radius: 8px;
    }
    details summary::before {
      content: '›';
      display: inline-block;
      margin-right: 0.6rem;
      font-size: 1.25rem;
      line-height: 1;
    }
    details[open] summary::before {
      transform: rotate(90deg);
    }
    details form {
      padding-top: 0.5rem;
    }
    .pad {
      display: grid;
      gap: 0.35rem;
    }
    .pad[hidden] {
      display: none;
    }
    .pad canvas {
      display: block;
      width: 100%;
      height: 10rem;
      background: #ffffff;
      border: 1px dashed #84908a;
      border-radius: 10px;
      touch-action: none;
      cursor: crosshair;
    }
    .pad button {
      justify-self: end;
    }
    .thread li {
      padding: 0.7rem 0.9rem;
      border-radius: 12px;
      background: var(--wash);
      white-space: pre-line;
    }
    .thread li.theirs {
      background: transparent;
      border: 1px solid var(--line);
    }
    .thread {
      display: grid;
      gap: 0.6rem;
    }
    .rows a {
      display: grid;
      grid-template-columns: minmax(0, 1fr) auto;
      gap: 0.1rem 1rem;
      padding: 0.8rem 0;
      color: inherit;
      text-decoration: none;
      border-top: 1px solid var(--line);
    }
    .rows li:first-child a {
      border-top: 0;
    }
    .rows a:hover .name {
      text-decoration: underline;
    }
    .rows .name {
      font-weight: 600;
      color: var(--accent);
    }
    .rows .right {
      text-align: right;
    }
    code {
      word-break: break-all;
    }
    .foot {
      display: flex;
      align-items: center;
      flex-wrap: wrap;
      justify-content: space-between;
      gap: 0.5rem 1.5rem;
      font-size: 0.875rem;
      color: var(--soft);
    }
    .foot a {
      color: inherit;
      display: inline-flex;
      align-items: center;
      min-height: 2.75rem;
    }
    @media (min-width: 44rem) {
      .column {
        padding: 2rem 1.5rem 5rem;
        gap: 1.25rem;
      }
      .card {
        padding: 2rem;
      }
      h1,
      .amount {
        font-size: 1.9rem;
      }
      .sums {
        justify-self: end;
        min-width: 20rem;
      }
    }
  </style>`
