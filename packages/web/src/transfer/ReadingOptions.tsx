import { useTexts } from '../i18n/index.ts'
import type { ImportTold, ReadOptions } from './wire.ts'

const encodings = [
  'utf-8',
  'utf-16le',
  'utf-16be',
  'euc-kr',
  'windows-1252',
  'windows-1250',
  'windows-1251',
  'shift_jis',
  'gb18030',
  'big5',
]
const dates = [
  '',
  '%Y/%m/%d',
  '%Y.%m.%d',
  '%Y. %m. %d.',
  '%Y년 %m월 %d일',
  '%Y%m%d',
  '%d/%m/%Y',
  '%m/%d/%Y',
  '%d.%m.%Y',
  '%d-%m-%Y',
  '%m-%d-%Y',
  '%d/%m/%y',
  '%m/%d/%y',
  '%d.%m.%y',
]
const numbers = [
  ['.', ''],
  ['.', ','],
  ['.', ' '],
  ['.', "'"],
  [',', ''],
  [',', '.'],
  [',', ' '],
] as const

/** `%d.%m.%Y` as one would write the last of January. */
const dateExample = (format: string): string => format.replace('%Y', '2026').replace('%y', '26').replace('%m', '01').replace('%d', '31')

/** What the file was found to be; each can be changed, and the file is looked at again. */
export function ReadingOptions({
  told,
  isBusy,
  onChange,
}: {
  told: ImportTold
  isBusy: boolean
  onChange: (options: Partial<ReadOptions>) => void
}) {
  const t = useTexts()
  const { options, sheets = [] } = told
  const set = (change: Partial<ReadOptions>): void => onChange({ ...options, ...change })
  const offered = dates.includes(options.dateFormat) ? dates : [...dates, options.dateFormat]
  return (
    <fieldset className="transfer-options" disabled={isBusy}>
      <legend>{t.readingAs}</legend>
      {told.format === 'csv' ? (
        <>
          <label>
            {t.encoding}
            <select className="input" value={options.encoding} onChange={(event) => set({ encoding: event.target.value })}>
              {encodings.map((name) => (
                <option key={name} value={name}>
                  {name === 'euc-kr' ? 'CP949 / EUC-KR' : name.toUpperCase()}
                </option>
              ))}
            </select>
          </label>
          <label>
            {t.delimiter}
            <select className="input" value={options.delimiter} onChange={(event) => set({ delimiter: event.target.value })}>
              {Object.entries(t.delimiters).map(([sign, name]) => (
                <option key={name} value={sign}>
                  {name}
                </option>
              ))}
            </select>
          </label>
        </>
      ) : (
        sheets.length > 1 && (
          <label>
            {t.sheet}
            <select className="input" value={options.sheet || sheets[0]} onChange={(event) => set({ sheet: event.target.value })}>
              {sheets.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
        )
      )}
      <label>
        {t.dateFormat}
        <select
          className="input"
          value={options.dateFormat}
          onChange={(event) => set({ dateFormat: event.target.value, datetimeFormat: event.target.value && `${event.target.value} %H:%M` })}
        >
          {offered.map((format) => (
            <option key={format} value={format}>
              {format === '' ? t.plainDate : dateExample(format)}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t.numberFormat}
        <select
          className="input"
          value={`${options.decimal}${options.thousand}`}
          onChange={({ target: { value } }) => set({ decimal: value[0] as '.' | ',', thousand: value.slice(1) })}
        >
          {numbers.map(([decimal, thousand]) => (
            <option key={decimal + thousand} value={decimal + thousand}>{`1${thousand}234${decimal}5`}</option>
          ))}
        </select>
      </label>
      <label className="check">
        <input type="checkbox" checked={options.hasHeader} onChange={(event) => set({ hasHeader: event.target.checked })} />{' '}
        {t.firstRowIsHeader}
      </label>
    </fieldset>
  )
}
