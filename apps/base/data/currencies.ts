import { type Names, namesOf } from './names.ts'

export interface Currency {
  /** ISO 4217 alphabetic code. */
  readonly code: string
  readonly names: Names
  readonly symbol: string
  /** Whether the symbol stands before or after the amount where the currency is at home. */
  readonly position: 'before' | 'after'
  /** Decimal digits of the minor unit: 0 for JPY, 2 for EUR, 3 for BHD. */
  readonly digits: number
}

/**
 * The active codes of ISO 4217 that have a minor unit: what one can be paid or book in. Left out are metals, bond-market
 * units, special drawing rights and the test codes, whose amounts nobody could round.
 */
const active = `
  AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CLF CLP CNY
  COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD
  IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN
  MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD
  SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAD XAF XCD XCG XOF
  XPF YER ZAR ZMW ZWG`

// From ISO 4217, not from Intl: CLDR gives the digits seen in shops (none for ALL or HUF), and invoices need the legal ones.
const digitsOf: Readonly<Record<string, number>> = Object.fromEntries(
  [
    [0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'],
    [3, 'BHD IQD JOD KWD LYD OMR TND'],
    [4, 'CLF UYW'],
  ].flatMap(([digits, codes]) => (codes as string).split(' ').map((code) => [code, digits as number])),
)

/** The country that shows how a currency shared by several is written; else its code begins with its country's. */
const home: Readonly<Record<string, string>> = { EUR: 'DE', XAD: 'AE', XAF: 'CM', XCD: 'AG', XCG: 'CW', XOF: 'SN', XPF: 'PF' }

const unnamed: Readonly<Record<string, Names>> = {
  UYW: { en_US: 'Uruguayan Nominal Wage Index Unit', ko_KR: '우루과이 명목 임금 지수 단위' },
  VED: { en_US: 'Venezuelan Digital Bolívar', ko_KR: '베네수엘라 디지털 볼리바르' },
  XAD: { en_US: 'Arab Accounting Dinar', ko_KR: '아랍 회계 디나르' },
}

/** Every currency. Made when it is asked for: Intl takes long over them, and only loading asks. */
export const listCurrencies = (): Currency[] =>
  active
    .trim()
    .split(/\s+/)
    .map((code) => ({
      code,
      names: namesOf('currency', code, unnamed[code]),
      symbol: parts('en', code).find((part) => part.type === 'currency')!.value,
      position: positionOf(code),
      digits: digitsOf[code] ?? 2,
    }))

function positionOf(code: string): Currency['position'] {
  const locale = new Intl.Locale(`und-${home[code] ?? code.slice(0, 2)}`).maximize().toString()
  const first = parts(locale, code).find((part) => part.type === 'currency' || part.type === 'integer')
  return first?.type === 'currency' ? 'before' : 'after'
}

function parts(locale: string, code: string): Intl.NumberFormatPart[] {
  return new Intl.NumberFormat(locale, { style: 'currency', currency: code, currencyDisplay: 'narrowSymbol' }).formatToParts(1)
}
