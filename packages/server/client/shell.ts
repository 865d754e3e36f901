import { html, type Html } from '../html/index.ts'
import { href } from '../html/index.ts'
import type { Client } from './files.ts'
import type { Start } from './start.ts'

/**
 * Scripts and styles of this host alone. The nonce is for the styles that components make while they run; `default` is the client's one
 * trusted-types policy, which lets no markup through (packages/web/src/trusted.ts).
 */
export const clientPolicy = (nonce: string): string =>
  `default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; img-src 'self' data: blob:; font-src 'self'; ` +
  "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; " +
  "require-trusted-types-for 'script'; trusted-types default"

export interface Shell {
  readonly nonce: string
  readonly client: Client
  readonly start: Start
}

/** The page that the client fills. What it needs to begin is in an attribute: it can never be taken for script, and costs no request. */
export const shellPage = ({ nonce, client, start }: Shell): Html =>
  html`<!doctype html>
    <html lang="${start.session.user_context.lang.slice(0, 2)}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <meta name="color-scheme" content="light dark" />
        <meta name="csp-nonce" nonce="${nonce}" />
        <meta name="erp4-start" content="${JSON.stringify(start)}" />
        <link rel="icon" href="/web/icon.svg" type="image/svg+xml" />
        <title>ERP4</title>
        ${client.styles.map((path) => html`<link rel="stylesheet" href="${href(path)}" />`)}
        ${client.preloads.map((path) => html`<link rel="modulepreload" href="${href(path)}" />`)}
        <script type="module" src="${href(client.script)}"></script>
      </head>
      <body>
        <div id="root"></div>
      </body>
    </html> `
