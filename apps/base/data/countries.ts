import countryToCurrency from 'country-to-currency'
import { iso31661 } from 'iso-3166'
import { type CountryCode, getCountries, getCountryCallingCode } from 'libphonenumber-js/min'
import { type Names, namesOf } from './names.ts'

export interface Country {
  /** ISO 3166-1 alpha-2, upper case. */
  readonly code: string
  readonly names: Names
  /** The telephone country code, 82 for Korea. */
  readonly phoneCode: number
  /** ISO 4217 code of the currency one pays with there. */
  readonly currency: string
}

/** Territories without a numbering plan of their own, under the code they are reached by (ITU-T E.164 assignments). */
const servedBy: Readonly<Record<string, number>> = { AQ: 672, BV: 47, GS: 500, HM: 672, PN: 64, TF: 262, UM: 1 }

/** All countries and territories of ISO 3166-1, and Kosovo under the user-assigned code that the EU and CLDR give it. */
export const listCountries = (): Country[] =>
  [...iso31661.map((country) => country.alpha2), 'XK'].toSorted().map((code) => ({
    code,
    names: namesOf('region', code),
    phoneCode: phoneCodeOf(code),
    currency: currencyOf(code),
  }))

export interface CountryGroup {
  readonly id: string
  readonly names: Names
  readonly members: readonly string[]
}

export const countryGroups: readonly CountryGroup[] = [
  {
    id: 'europe',
    names: { en_US: 'European Union', ko_KR: '유럽 연합' },
    members: 'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK'.split(' '),
  },
  {
    id: 'gulf_cooperation_council',
    names: { en_US: 'Gulf Cooperation Council (GCC)', ko_KR: '걸프 협력 회의(GCC)' },
    members: 'AE BH KW OM QA SA'.split(' '),
  },
]

function phoneCodeOf(code: string): number {
  const known = new Set<string>(getCountries())
  const calling = known.has(code) ? Number(getCountryCallingCode(code as CountryCode)) : servedBy[code]
  if (calling === undefined) throw new Error(`No telephone country code is known for ${code}`)
  return calling
}

function currencyOf(code: string): string {
  const currency = (countryToCurrency as Readonly<Record<string, string>>)[code]
  if (!currency) throw new Error(`No currency is known for ${code}`)
  return currency
}
