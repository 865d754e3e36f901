/** The browser's trusted types, as far as we use them; the types of TypeScript's library do not have them. */
interface TrustedTypes {
  createPolicy(name: string, rules: Record<string, (text: string) => string>): unknown
}

/**
 * The page's one policy. Components set plain text and style rules through the same door as markup; text with `<` in it is neither, and is
 * refused. No script text and no script address is ever made at run time.
 */
export function guardMarkup(): void {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes }
  trustedTypes?.createPolicy('default', { createHTML: plainText })
}

export function plainText(text: string): string {
  if (text.includes('<')) throw new TypeError('Markup is not put into this page as text.')
  return text
}
