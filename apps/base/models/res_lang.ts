import { type ModelFields, boolean, char, model, selection } from '@erp4/orm'

export const res_lang = model('res.lang', {
  label: 'Language',
  order: 'active desc, name',
  unique: [{ fields: ['code'], message: 'Another language has this code already.' }],
  fields: {
    name: char({ required: true, translate: true }),
    code: char({ label: 'Locale Code', required: true, help: 'As integrations write it: en_US, ko_KR.' }),
    iso_code: char({ label: 'ISO Code' }),
    url_code: char({ label: 'URL Code', required: true }),
    active: boolean(),
    direction: selection({ ltr: 'Left-to-Right', rtl: 'Right-to-Left' }, { required: true, default: 'ltr' }),
    date_format: char({ required: true, default: '%m/%d/%Y' }),
    time_format: char({ required: true, default: '%H:%M:%S' }),
    week_start: selection(
      { 1: 'Monday', 2: 'Tuesday', 3: 'Wednesday', 4: 'Thursday', 5: 'Friday', 6: 'Saturday', 7: 'Sunday' },
      { label: 'First Day of Week', required: true, default: '7' },
    ),
    grouping: selection({ '[3,0]': '1,234,567', '[3,2,0]': '12,34,567' }, { label: 'Digit Grouping', required: true, default: '[3,0]' }),
    decimal_point: char({ label: 'Decimal Separator', required: true, default: '.' }),
    thousands_sep: char({ label: 'Thousands Separator', default: ',' }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'res.lang': ResLang
  }
  interface ResLang extends ModelFields<typeof res_lang> {}
}

res_lang.constrain(
  ['code', 'active'],
  (lang) => lang.active || lang.code !== 'en_US' || 'English (US) is the language of the software itself and stays active.',
)

// What a caller's context may choose rides in the session statement, so that every process knows it at once.
res_lang.changed(['code', 'active'], async (sys) => {
  sys.call.touched.add('langs')
  // A migration brings its data afterwards, and computes it in all languages then.
  if (sys.call.source === 'migration') return
  // Once more when every call is over that does not know the language yet.
  for (const afterSeconds of [0, longestCall]) await sys.call.jobs?.ask(sys.cx, 'base.languages', {}, { afterSeconds })
})

/** In seconds: no server lets a call take longer. */
const longestCall = 120
