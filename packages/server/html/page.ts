import { html, type Html } from './html.ts'
import { look } from './look.ts'

export interface Page {
  /** The language of its words, as HTML has it: `ko`. */
  readonly lang: string
  readonly title: string
  readonly nonce: string
  /** What goes into the head beside the common look: the page's own style, its script. */
  readonly head: Html
  readonly body: Html
}

/** A whole page made on the server, found by no search engine. */
export const page = ({ lang, title, nonce, head, body }: Page): Html =>
  html`<!doctype html>
    <html lang="${lang}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <meta name="color-scheme" content="light dark" />
        <link rel="icon" href="/web/icon.svg" type="image/svg+xml" />
        <title>${title}</title>
        ${look(nonce)}${head}
      </head>
      <body>
        ${body}
      </body>
    </html> `
