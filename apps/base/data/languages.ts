import { type Names, namesOf } from './names.ts'

export interface Language {
  /** As integrations write it: `en_US`, `sr@latin`. */
  readonly code: string
  /** The shorter code where the language's name is enough: `fr` for fr_FR. */
  readonly isoCode: string
  /** The external id's name, without `base.`: `lang_en`, `lang_ko_KR`. */
  readonly id: string
  readonly names: Names
  readonly direction: 'ltr' | 'rtl'
  /** In strftime's letters, as clients know them: `%d.%m.%Y`. */
  readonly dateFormat: string
  readonly timeFormat: string
  readonly decimalPoint: string
  readonly thousandsSeparator: string
  /** Digits between separators, from the right; 0 repeats the last one: `[3,0]`, in India `[3,2,0]`. */
  readonly grouping: '[3,0]' | '[3,2,0]'
  /** 1 for Monday to 7 for Sunday. */
  readonly weekStart: '1' | '2' | '3' | '4' | '5' | '6' | '7'
  readonly active: boolean
}

const codes = `
  en_US ko_KR am_ET ar_001 ar_SY az_AZ be_BY bg_BG bn_IN bs_BA ca_ES cs_CZ da_DK de_AT de_CH de_DE el_GR en_AU en_CA en_GB en_IN en_NZ
  es_419 es_AR es_BO es_CL es_CO es_CR es_DO es_EC es_ES es_GT es_MX es_PA es_PE es_PY es_UY es_VE et_EE eu_ES fa_IR fi_FI fr_BE fr_CA
  fr_CH fr_FR gl_ES gu_IN he_IL hi_IN hr_HR hu_HU id_ID is_IS it_IT ja_JP ka_GE kab_DZ km_KH ko_KP lb_LU lo_LA lt_LT lv_LV mk_MK ml_IN
  mn_MN ms_MY my_MM nb_NO nl_BE nl_NL pl_PL pt_AO pt_BR pt_PT ro_RO ru_RU sk_SK sl_SI sq_AL sr@Cyrl sr@latin sv_SE sw te_IN th_TH tl_PH
  tr_TR uk_UA vi_VN zh_CN zh_HK zh_TW`

/** Spellings that are not language_TERRITORY, as the BCP 47 tags Intl understands. */
const tags: Readonly<Record<string, string>> = { 'sr@Cyrl': 'sr-Cyrl-RS', 'sr@latin': 'sr-Latn-RS', tl_PH: 'fil-PH' }

/** The languages of a new instance in which anything is written; the others are switched on when somebody needs them. */
const activeAtFirst = new Set(['en_US', 'ko_KR'])

/** Every language with its conventions. Made when it is asked for: Intl takes long over them, and only loading asks. */
export const listLanguages = (): Language[] => codes.trim().split(/\s+/).map(describe)

const named = codes
  .trim()
  .split(/\s+/)
  .map((code) => [code, namesOf('language', tagOf(code))] as const)

/** Code → English name, as a selection wants them. */
export const languageNames: Readonly<Record<string, string>> = Object.fromEntries(named.map(([code, names]) => [code, names.en_US]))

/** What they are called in Korean, by their English names. */
export const languageNamesInKorean: Readonly<Record<string, string>> = Object.fromEntries(
  named.map(([, names]) => [names.en_US, names.ko_KR]),
)

function describe(code: string): Language {
  const tag = tagOf(code)
  const isoCode = shortCode(code)
  return {
    code,
    isoCode,
    id: `lang_${isoCode.replace('@', '_')}`,
    names: namesOf('language', tag),
    direction: new Intl.Locale(tag).getTextInfo().direction === 'rtl' ? 'rtl' : 'ltr',
    dateFormat: dateFormat(tag),
    timeFormat: hasHalfDays(tag) ? '%I:%M:%S %p' : '%H:%M:%S',
    ...numberFormat(tag),
    weekStart: String(new Intl.Locale(tag).getWeekInfo().firstDay) as Language['weekStart'],
    active: activeAtFirst.has(code),
  }
}

function tagOf(code: string): string {
  return tags[code] ?? code.replace('_', '-')
}

/** `fr` for fr_FR and `en` for en_US, but `fr_CH` for fr_CH: the language alone means its home territory. */
function shortCode(code: string): string {
  const [language = '', territory = ''] = code.split('_')
  return code === 'en_US' || territory === language.toUpperCase() ? language : code
}

function dateFormat(tag: string): string {
  const letters: Readonly<Record<string, string>> = { day: '%d', month: '%m', year: '%Y' }
  const format = new Intl.DateTimeFormat(tag, {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    calendar: 'gregory',
    numberingSystem: 'latn',
  })
  const written = format.formatToParts(new Date(2031, 10, 22)).map((part) => letters[part.type] ?? part.value)
  // The invisible marks that order right-to-left text would be typed by nobody and searched by nobody.
  return written.join('').replaceAll(/[\u200e\u200f\u061c]/g, '')
}

function hasHalfDays(tag: string): boolean {
  return new Intl.DateTimeFormat(tag, { hour: 'numeric' }).resolvedOptions().hour12 === true
}

function numberFormat(tag: string): Pick<Language, 'decimalPoint' | 'thousandsSeparator' | 'grouping'> {
  const parts = new Intl.NumberFormat(tag, { numberingSystem: 'latn', useGrouping: 'always' }).formatToParts(123456789.5)
  const groups = parts.filter((part) => part.type === 'integer').map((part) => part.value.length)
  return {
    decimalPoint: parts.find((part) => part.type === 'decimal')?.value ?? '.',
    thousandsSeparator: parts.find((part) => part.type === 'group')?.value ?? '',
    grouping: groups.at(-2) === 2 ? '[3,2,0]' : '[3,0]',
  }
}
