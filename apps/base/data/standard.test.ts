import assert from 'node:assert/strict'
import { test } from 'node:test'
import { iso31661 } from 'iso-3166'
import { countryGroups, listCountries } from './countries.ts'
import { listCurrencies } from './currencies.ts'
import { listLanguages } from './languages.ts'
import { listSubdivisions } from './subdivisions.ts'

const countries = listCountries()
const currencies = listCurrencies()
const languages = listLanguages()
const subdivisions = listSubdivisions()
const country = (code: string) => countries.find((one) => one.code === code)
const currency = (code: string) => currencies.find((one) => one.code === code)
const language = (code: string) => languages.find((one) => one.code === code)
const of = (code: string) => subdivisions.filter((one) => one.country === code)

test('the 249 countries of ISO 3166-1 and Kosovo are there, each once and named in English and Korean', () => {
  assert.equal(iso31661.length, 249)
  assert.equal(countries.length, 250)
  assert.equal(new Set(countries.map((one) => one.code)).size, 250)
  for (const { alpha2 } of iso31661) assert.ok(country(alpha2), alpha2)
  for (const { code, names } of countries) assert.notEqual(names.en_US, names.ko_KR, code)
})

for (const [code, phoneCode, money, english, korean] of [
  ['KR', 82, 'KRW', 'South Korea', '대한민국'],
  ['US', 1, 'USD', 'United States', '미국'],
  ['DE', 49, 'EUR', 'Germany', '독일'],
  ['CH', 41, 'CHF', 'Switzerland', '스위스'],
  ['JP', 81, 'JPY', 'Japan', '일본'],
  ['BH', 973, 'BHD', 'Bahrain', '바레인'],
  ['AQ', 672, 'USD', 'Antarctica', '남극 대륙'],
  ['XK', 383, 'EUR', 'Kosovo', '코소보'],
] as const) {
  test(`${english} is reached by +${phoneCode} and pays in ${money}`, () => {
    assert.deepEqual(country(code), { code, phoneCode, currency: money, names: { en_US: english, ko_KR: korean } })
  })
}

test('every country pays in a currency that is there, and every group names countries that are', () => {
  for (const { code, currency: money } of countries) assert.ok(currency(money), `${code}: ${money}`)
  for (const group of countryGroups) for (const member of group.members) assert.ok(country(member), member)
  assert.equal(countryGroups.find((group) => group.id === 'europe')?.members.length, 27)
})

test('165 currencies are there, each once and with a symbol', () => {
  assert.equal(currencies.length, 165)
  assert.equal(new Set(currencies.map((one) => one.code)).size, 165)
  for (const { code, symbol } of currencies) assert.ok(symbol, code)
})

for (const [code, digits, symbol, position] of [
  ['EUR', 2, '€', 'after'],
  ['USD', 2, '$', 'before'],
  ['GBP', 2, '£', 'before'],
  ['KRW', 0, '₩', 'before'],
  ['JPY', 0, '¥', 'before'],
  ['HUF', 2, 'Ft', 'after'],
  ['BHD', 3, 'BHD', 'after'],
  ['IQD', 3, 'IQD', 'after'],
  ['CLF', 4, 'CLF', 'after'],
] as const) {
  test(`${code} has ${digits} digits and its symbol ${position} the amount`, () => {
    const { names: _, ...rest } = currency(code)!
    assert.deepEqual(rest, { code, digits, symbol, position })
  })
}

test('currencies that have left circulation are gone: Bulgaria and Croatia pay in euro', () => {
  for (const gone of ['BGN', 'HRK', 'ANG', 'SLL', 'ZWL', 'XXX', 'XTS', 'XAU']) assert.equal(currency(gone), undefined, gone)
})

test('the United States have 50 states and the District of Columbia, beside six territories', () => {
  const territories = new Set(['AS', 'GU', 'MP', 'PR', 'UM', 'VI'])
  assert.equal(of('US').filter((one) => !territories.has(one.code)).length, 51)
  assert.equal(of('US').length, 57)
  assert.equal(of('US').find((one) => one.code === 'CA')?.names.en_US, 'California')
})

for (const [code, count] of [
  ['KR', 17],
  ['CH', 26],
  ['DE', 16],
  ['JP', 47],
  ['CA', 13],
  ['AT', 9],
  ['BR', 27],
  ['MX', 32],
  ['IN', 36],
] as const) {
  test(`${country(code)!.names.en_US} has ${count} subdivisions`, () => void assert.equal(of(code).length, count))
}

test('Korean provinces are written in Hangul for Koreans', () => {
  for (const { code, names } of of('KR')) assert.match(names.ko_KR, /^[가-힣]+$/, code)
  assert.deepEqual(of('KR')[0], { country: 'KR', code: '11', names: { en_US: 'Seoul', ko_KR: '서울특별시' } })
})

test('Italian provinces are there and come after the regions they lie in', () => {
  const codes = of('IT').map((one) => one.code)
  assert.ok(codes.indexOf('RM') > codes.indexOf('62'))
  assert.ok(codes.indexOf('MI') > codes.indexOf('25'))
})

test('a subdivision has a country that is there and a code that is its own', () => {
  for (const one of subdivisions) assert.ok(country(one.country), one.country)
  assert.equal(new Set(subdivisions.map((one) => `${one.country}-${one.code}`)).size, subdivisions.length)
  assert.ok(subdivisions.length > 5000)
})

test('only English and Korean are active at first', () => {
  assert.deepEqual(
    languages.filter((one) => one.active).map((one) => one.code),
    ['en_US', 'ko_KR'],
  )
})

for (const [code, expected] of [
  ['en_US', { id: 'lang_en', isoCode: 'en', dateFormat: '%m/%d/%Y', weekStart: '7', grouping: '[3,0]', decimalPoint: '.' }],
  ['ko_KR', { id: 'lang_ko_KR', isoCode: 'ko_KR', dateFormat: '%Y. %m. %d.', weekStart: '7', direction: 'ltr' }],
  ['de_DE', { id: 'lang_de', dateFormat: '%d.%m.%Y', timeFormat: '%H:%M:%S', weekStart: '1', decimalPoint: ',', thousandsSeparator: '.' }],
  ['fr_CH', { id: 'lang_fr_CH', isoCode: 'fr_CH', dateFormat: '%d.%m.%Y' }],
  ['ar_SY', { id: 'lang_ar_SY', direction: 'rtl', dateFormat: '%d/%m/%Y' }],
  ['hi_IN', { grouping: '[3,2,0]' }],
  ['sr@latin', { id: 'lang_sr_latin', isoCode: 'sr@latin' }],
] as const) {
  test(`${code} writes dates and numbers its way`, () => {
    const found = language(code)!
    for (const [key, value] of Object.entries(expected)) assert.equal(found[key as keyof typeof found], value, key)
  })
}

test('codes and external ids of languages are unique', () => {
  assert.equal(new Set(languages.map((one) => one.code)).size, languages.length)
  assert.equal(new Set(languages.map((one) => one.id)).size, languages.length)
})
