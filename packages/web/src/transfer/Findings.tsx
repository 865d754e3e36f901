import { useEffect, useState } from 'react'
import { useTexts } from '../i18n/index.ts'
import { follow } from '../location.ts'
import { transfer } from '../rpc.ts'
import { openTransfer } from './open.ts'
import type { CellError } from './wire.ts'

interface Page<T> {
  readonly rows: readonly T[]
  readonly total: number
}

/** What is wrong, by row and column, and the file of it. `run` tells one run of the import from the next. */
export function ErrorList({ id, run }: { id: number; run: string }) {
  const t = useTexts()
  const [page, setPage] = useState<Page<CellError>>({ rows: [], total: 0 })
  useEffect(() => void transfer<Page<CellError>>('import-errors', { id }).then(setPage, () => setPage({ rows: [], total: 0 })), [id, run])
  if (page.total === 0) return null
  return (
    <section aria-label={t.errorList}>
      <div className="transfer-scroll" tabIndex={0} role="group" aria-label={t.errorList}>
        <table className="transfer-table">
          <thead>
            <tr>
              <th scope="col">{t.row}</th>
              <th scope="col">{t.column}</th>
              <th scope="col">{t.valueInFile}</th>
              <th scope="col">{t.whatIsWrong}</th>
            </tr>
          </thead>
          <tbody>
            {page.rows.map(({ id: key, row, column, value, message }) => (
              <tr key={key}>
                <td className="number">{row}</td>
                <td>{column || ''}</td>
                <td>{value || ''}</td>
                <td>{message}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p>
        <a href={`/web/transfer/import-errors/${id}`} download>
          {t.downloadErrors}
        </a>{' '}
        {page.total > page.rows.length && t.moreErrors(page.total - page.rows.length)}
      </p>
    </section>
  )
}

/** What an undo left alone, and why. */
export function KeptList({ id, model }: { id: number; model: string }) {
  const t = useTexts()
  const [page, setPage] = useState<Page<{ id: number; row: number; res_id: number; name: string | false; reason: string }>>({
    rows: [],
    total: 0,
  })
  useEffect(() => void transfer<typeof page>('import-kept', { id }).then(setPage, () => {}), [id])
  return (
    <section aria-label={t.keptList}>
      <h3>{t.keptList}</h3>
      <ul>
        {page.rows.map(({ id: key, row, res_id, name, reason }) => (
          <li key={key}>
            {t.row} {row}:{' '}
            {name ? (
              <a {...follow(`/odoo/${model}/${res_id}`)} onClickCapture={() => openTransfer(null)}>
                {name}
              </a>
            ) : (
              res_id
            )}{' '}
            — {reason}
          </li>
        ))}
      </ul>
    </section>
  )
}
