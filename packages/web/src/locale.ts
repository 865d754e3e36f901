/** A language as browsers spell it (BCP 47): `ko_KR` is `ko-KR`, `sr@latin` is `sr-Latn`. They write nothing in one that is spelt otherwise. */
export const localeOf = (code: string): string => code.replace('@latin', '@Latn').replaceAll(/[_@]/g, '-')
