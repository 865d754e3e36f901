/** An English text in the language of whoever reads it, its `{names}` filled in. */
export type Translate = (english: string, values?: Readonly<Record<string, string | number>>) => string

/** What an environment says, as functions of apps take it. */
export const wordsOf =
  (env: { t: Translate }): Translate =>
  (english, values) =>
    env.t(english, values)

/** Puts values where a text has their `{names}`; a value is never looked into again. */
export const fill = (text: string, values: Readonly<Record<string, string | number>> = {}): string =>
  text.replace(/\{(\w+)\}/g, (all, name: string) => (Object.hasOwn(values, name) ? String(values[name]) : all))
