import { createContext, useContext } from 'react'
import { en } from './en.ts'

/** The client's own words; those of models and views come from the server in the user's language. */
export type Texts = typeof en

/** Languages that are not in the first download. A new one is a file and a line. */
const languages: Readonly<Record<string, () => Promise<Texts>>> = {
  ko: async () => (await import('./ko.ts')).ko,
}

/** The texts for a user's language, `ko_KR`; English where there are none. */
export const loadTexts = async (lang: string): Promise<Texts> => (await languages[lang.slice(0, 2)]?.()) ?? en

const TextsContext = createContext<Texts>(en)
export const TextsProvider = TextsContext.Provider
export const useTexts = (): Texts => useContext(TextsContext)
