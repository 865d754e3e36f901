import { UserError, fill } from '@erp4/orm'
import { ko } from './i18n/ko.ts'

type Values = Readonly<Record<string, string | number>>

const languages: Readonly<Record<string, Readonly<Record<string, string>>>> = { ko_KR: ko }

/** A sentence of this folder in the reader's language; English where there is no other. */
export const say = (lang: string, english: string, values: Values = {}): string => fill(languages[lang]?.[english] ?? english, values)

/** Something about a file that its owner can mend. Thrown where nobody knows his language; told in it by `inLanguage`. */
export class FileProblem extends UserError {
  override name = 'UserError'
  readonly #english: string
  readonly #values: Values

  constructor(english: string, values: Values = {}) {
    super(fill(english, values))
    this.#english = english
    this.#values = values
  }

  in(lang: string): UserError {
    return new UserError(say(lang, this.#english, this.#values))
  }
}

/** Runs `work`; what it says of a file is said in `lang`. */
export async function inLanguage<T>(lang: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof FileProblem ? error.in(lang) : error
  }
}
