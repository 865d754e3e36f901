import { type LetterTexts, lettersEn } from '../i18n/letters.en.ts'
import { locale } from '../format.ts'
import { lettersKo } from '../i18n/letters.ko.ts'
import { localeOf } from '../locale.ts'
import { start } from '../start.ts'

/** The words of writing letters: they come with the dialogues that need them. */
export const words: LetterTexts = start.session.user_context.lang.startsWith('ko') ? lettersKo : lettersEn

const names = new Intl.DisplayNames([locale], { type: 'language', fallback: 'code' })
const wordOf = (code: string): string => code.split(/[_@]/)[0]!

/** What a language is called in the language of the page: `Korean`, and with its country where there is another one like it. */
export function languageName(code: string): string {
  const isAlone = start.languages.filter((one) => wordOf(one.code) === wordOf(code)).length < 2
  return names.of(isAlone ? wordOf(code) : localeOf(code)) ?? code
}
