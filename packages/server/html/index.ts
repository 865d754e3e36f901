export { Html, cleaned, href, html, render } from './html.ts'
export type { Link } from './html.ts'
export { page } from './page.ts'
export { makeNonce, pagePolicy } from './policy.ts'
