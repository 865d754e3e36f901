/** A text in the two languages that every instance starts with. */
export interface Names {
  readonly en_US: string
  readonly ko_KR: string
}

const display = { en: displayNames('en'), ko: displayNames('ko') }

/** What the Unicode CLDR data inside Node calls `code`, or `otherwise` where it has no name for it. */
export function namesOf(type: 'region' | 'currency' | 'language', code: string, otherwise?: Names): Names {
  const names = { en_US: display.en[type].of(code), ko_KR: display.ko[type].of(code) }
  const english = names.en_US ?? otherwise?.en_US
  if (english === undefined) throw new Error(`Nobody names the ${type} ${code}`)
  return { en_US: english, ko_KR: names.ko_KR ?? otherwise?.ko_KR ?? english }
}

function displayNames(locale: string) {
  const ofType = (type: 'region' | 'currency' | 'language') => new Intl.DisplayNames(locale, { type, fallback: 'none' })
  return { region: ofType('region'), currency: ofType('currency'), language: ofType('language') }
}
