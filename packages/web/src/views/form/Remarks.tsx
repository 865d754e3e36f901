import { useTexts } from '../../i18n/index.ts'
import { IconX } from '../../ui/icons.ts'
import { type FormRecord, useRecord } from './record.ts'

/** What apps had to say about what was typed; put away one by one. */
export function Warnings({ record }: { record: FormRecord }) {
  const t = useTexts()
  const warnings = useRecord(record, (one) => one.warnings)
  return (
    <div role="status">
      {warnings.map((sentence) => (
        <p key={sentence} className="offer">
          {sentence}
          <button type="button" className="bare" aria-label={t.close} onClick={() => record.unwarn(sentence)}>
            <IconX size={14} aria-hidden />
          </button>
        </p>
      ))}
    </div>
  )
}
/** What must be mended before saving, each a way to its field. */
export function Problems({
  record,
  problems,
  onGo,
}: {
  record: FormRecord
  problems: Readonly<Record<string, string>>
  onGo: (field: string) => void
}) {
  const t = useTexts()
  const names = Object.keys(problems)
  if (names.length === 0) return null
  return (
    <div className="problems" role="alert">
      <strong>{t.notSavedYet}</strong>
      <ul>
        {names.map((name) => (
          <li key={name}>
            <button type="button" className="link" onClick={() => onGo(name)}>
              {record.fields[name]?.string}
            </button>
            {': '}
            {problems[name]}
          </li>
        ))}
      </ul>
    </div>
  )
}
