import type { Call } from '../call.ts'
import type { Env } from '../env.ts'
import type { FieldInfo, Registry } from '../registry.ts'
import { installedLanguages, settleInstalled } from '../sql/languages.ts'

/** A text as a translated column keeps it: English, and the languages that say it otherwise. */
export type Texts = Readonly<Record<string, string>>

/** The stored computed texts of every model that are kept in each language. */
export const spokenFields = (registry: Registry): FieldInfo[] =>
  [...registry.models.values()].flatMap((model) =>
    [...model.fields.values()].filter((field) => field.computed === 'stored' && field.options.translate === true),
  )

/** The languages that computed texts are kept in besides English. Asked for once in a call, where whoever opened it did not say. */
export async function otherLanguages({ call, cx }: Env): Promise<readonly string[]> {
  if (!call.installed) {
    const [row] = await cx.query<{ langs: string[] }>(installedLanguages)
    call.installed = row!.langs
  }
  return call.installed.filter((lang) => lang !== 'en_US')
}

/** Languages that this call made active, or no longer so, count from here on: for what it computes itself, and for every call that begins after it. */
export async function settleLanguages({ call, cx }: { readonly call: Call; readonly cx: Env['cx'] }): Promise<void> {
  if (!call.touched.delete('langs')) return
  const [row] = await cx.query<{ langs: string[] }>(settleInstalled)
  call.installed = row!.langs
}

/** English first; a language that says the same as English is left out, and reads as English. Null where there is no text at all. */
export function asTexts(said: readonly (readonly [lang: string, text: string | null])[]): Texts | null {
  const english = said[0]?.[1] ?? null
  const kept = said.filter(([lang, text]) => text !== null && (lang === 'en_US' || text !== english))
  return kept.length === 0 ? null : (Object.fromEntries(kept) as Texts)
}

/** PostgreSQL gives the keys back in an order of its own. */
export function saysTheSame(a: Texts | null, b: Texts | null): boolean {
  if (a === null || b === null) return a === b
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key])
}
