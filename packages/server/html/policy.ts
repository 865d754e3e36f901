import { randomBytes } from 'node:crypto'

/** A new one for every answer. */
export const makeNonce = (): string => randomBytes(18).toString('base64url')

/**
 * The Content-Security-Policy of a page made on the server: its own style under the nonce, pictures and forms of this host, no
 * script, no frame, nothing from elsewhere. The other headers are those of every answer (`http/headers.ts`).
 */
export const pagePolicy = (nonce: string): string =>
  `default-src 'none'; style-src 'nonce-${nonce}'; img-src 'self' data:; font-src 'self'; form-action 'self'; base-uri 'none'; ` +
  "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
