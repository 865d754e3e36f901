// V8 lists each zone under one name only, some of them old; the newer names are as good.
const alsoKnownAs = [
  'UTC',
  'America/Argentina/Buenos_Aires',
  'America/Indiana/Indianapolis',
  'America/Kentucky/Louisville',
  'America/Nuuk',
  'Asia/Ho_Chi_Minh',
  'Asia/Kathmandu',
  'Asia/Kolkata',
  'Asia/Yangon',
  'Atlantic/Faroe',
  'Europe/Kyiv',
  'Pacific/Kanton',
  'Asia/Calcutta',
  'Asia/Katmandu',
  'Asia/Rangoon',
  'Asia/Saigon',
  'Europe/Kiev',
]

/** IANA time zones, by name, as a selection wants them. */
export const timeZones: Readonly<Record<string, string>> = Object.fromEntries(
  [...new Set([...alsoKnownAs, ...Intl.supportedValuesOf('timeZone')])].toSorted().map((zone) => [zone, zone]),
)
