import type { FastifyInstance, FastifyReply } from 'fastify'
import { html, render } from '../html/index.ts'

/** The mark that stands on our pages (`layout.ts`), in colours that are seen in light and in dark bars. */
const icon = render(
  html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
    <rect x="1" y="1" width="30" height="30" rx="8" fill="#0f6b57" />
    <path d="M10 10.5h12M10 16h8M10 21.5h12" stroke="#fff" stroke-width="2.8" stroke-linecap="round" fill="none" />
  </svg>`,
)

const aDay = 86_400

/** The icon of tabs and bookmarks, also where browsers look for one without being told. */
export function addIcon(app: FastifyInstance): void {
  const send = async (_request: unknown, reply: FastifyReply): Promise<FastifyReply> =>
    reply.type('image/svg+xml').header('cache-control', `public, max-age=${aDay}`).send(icon)
  for (const url of ['/web/icon.svg', '/favicon.ico']) app.get(url, { config: { access: 'public', forgery: 'harmless' } }, send)
}
