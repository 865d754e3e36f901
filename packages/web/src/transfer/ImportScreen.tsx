import { Button, Progress } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { changed } from '../data/views.ts'
import { useTexts } from '../i18n/index.ts'
import { sendFile, transfer } from '../rpc.ts'
import { confirm } from '../ui/confirm.tsx'
import { IconUpload } from '../ui/icons.ts'
import { explain } from '../ui/states.tsx'
import { ErrorList, KeptList } from './Findings.tsx'
import { type Open, openTransfer } from './open.ts'
import { ReadingOptions } from './ReadingOptions.tsx'
import { tellWhenImported } from './watch.ts'
import { type FieldChoice, type ImportTold, type ReadOptions, follow } from './wire.ts'

/** From the file to what became of it: choose, map, test, import, undo. What is under way goes on without this screen. */
export function ImportScreen({ open }: { open: Open & { what: 'import' } }) {
  const t = useTexts()
  const [told, setTold] = useState<ImportTold | null>(null)
  const [fields, setFields] = useState<readonly FieldChoice[]>([])
  const [columns, setColumns] = useState<readonly (string | false)[]>([])
  const [keepGood, setKeepGood] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const [isBusy, setBusy] = useState(false)

  const take = (next: ImportTold): void => {
    // An answer about progress has no rows to show; those that were there stay.
    setTold((known) => ({ ...known, ...next }))
    if (next.sample) setColumns(next.columns)
  }
  const act = async (work: () => Promise<ImportTold>): Promise<void> => {
    setBusy(true)
    setError(null)
    try {
      const next = await work()
      take(next)
      if (open.id !== next.id) openTransfer({ ...open, id: next.id })
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(false)
    }
  }

  useEffect(() => {
    transfer<FieldChoice[]>('import-fields', { model: open.model }).then(setFields, setError)
    if (open.id !== undefined && !told) void act(() => transfer<ImportTold>('import-open', { id: open.id }))
  }, [])

  const isWorking = told !== null && told.progress !== false
  const id = told?.id
  useEffect(() => {
    if (!isWorking || id === undefined) return
    const ending = new AbortController()
    follow(id, take, ending.signal).then(() => !ending.signal.aborted && void changed(), setError)
    return () => ending.abort()
  }, [isWorking, id])

  const latest = useRef(told)
  latest.current = told
  useEffect(
    () => () => {
      if (latest.current?.progress) tellWhenImported(latest.current, t).catch(() => {}) // out of reach: it is in the history
    },
    [],
  )

  const inspect = (options: Partial<ReadOptions>): Promise<void> => act(() => transfer<ImportTold>('import-inspect', { id, options }))
  const run = (question: 'import-test' | 'import-start'): Promise<void> =>
    act(() => transfer<ImportTold>(question, { id, columns, keepGood }))
  const undo = async (): Promise<void> => {
    if (await confirm(t.undoQuestion, t.undoHint, t.undoImport, 'danger')) await act(() => transfer<ImportTold>('import-undo', { id }))
  }

  const isTested = told?.state === 'tested'
  const refused = error === null ? null : explain(error, t)
  return (
    <div className="transfer">
      {refused && (
        <p className="transfer-problem" role="alert">
          {refused.hint || refused.title}
        </p>
      )}
      {!told ? (
        <ChooseFile isBusy={isBusy} onChoose={(file) => void act(() => sendFile<ImportTold>(file, open.model))} />
      ) : told.progress ? (
        <Working told={told} progress={told.progress} onCancel={() => void transfer('import-cancel', { id: told.id }).catch(setError)} />
      ) : (
        <>
          <Outcome told={told} />
          {told.sample && told.state !== 'done' && told.state !== 'undone' && (
            <>
              <ReadingOptions told={told} isBusy={isBusy} onChange={(options) => void inspect(options)} />
              <Mapping told={told} fields={fields} columns={columns} onChange={setColumns} />
              <div className="transfer-actions">
                <label>
                  {t.onError}{' '}
                  <select
                    className="input"
                    value={keepGood ? 'good' : 'all'}
                    onChange={(event) => setKeepGood(event.target.value === 'good')}
                  >
                    <option value="all">{t.allOrNothing}</option>
                    <option value="good">{t.keepGood}</option>
                  </select>
                </label>
                <span className="grow" />
                <Button variant={isTested ? 'default' : 'filled'} loading={isBusy} onClick={() => void run('import-test')}>
                  {t.testImport}
                </Button>
                <Button variant={isTested ? 'filled' : 'default'} loading={isBusy} onClick={() => void run('import-start')}>
                  {isTested ? t.startImport : t.startAnyway}
                </Button>
              </div>
            </>
          )}
          {told.failed > 0 && <ErrorList id={told.id} run={`${told.state}${told.failed}${told.created}`} />}
          {told.kept > 0 && <KeptList id={told.id} model={told.res_model} />}
          <div className="transfer-actions">
            <Button
              variant="subtle"
              color="gray"
              c="inherit"
              onClick={() => openTransfer({ what: 'import', model: open.model, label: open.label })}
            >
              {t.anotherFile}
            </Button>
            <span className="grow" />
            {['done', 'cancelled', 'failed'].includes(told.state) && told.created + told.updated > 0 && (
              <Button variant="default" loading={isBusy} onClick={() => void undo()}>
                {t.undoImport}
              </Button>
            )}
          </div>
        </>
      )}
    </div>
  )
}

function ChooseFile({ isBusy, onChoose }: { isBusy: boolean; onChoose: (file: File) => void }) {
  const t = useTexts()
  return (
    <div className="transfer-file">
      <label className="transfer-drop">
        <IconUpload size={26} stroke={1.4} aria-hidden />
        <span>{isBusy ? t.sendingFile : t.chooseFile}</span>
        <input
          type="file"
          accept=".csv,.tsv,.txt,.xlsx"
          disabled={isBusy}
          data-autofocus
          onChange={(event) => {
            const [file] = event.target.files ?? []
            if (file) onChoose(file)
          }}
        />
      </label>
      <p className="hint">{t.chooseFileHint}</p>
    </div>
  )
}

function Working({
  told,
  progress,
  onCancel,
}: {
  told: ImportTold
  progress: Exclude<ImportTold['progress'], false>
  onCancel: () => void
}) {
  const t = useTexts()
  const total = progress.total || told.total
  const what = told.state === 'testing' ? t.testing : told.state === 'undoing' ? t.undoing : t.importing
  return (
    <div className="transfer-working">
      <p role="status">
        <strong>{progress.isEnding ? t.ending : progress.isWaiting ? t.waiting : what}</strong>{' '}
        {total > 0 && t.progressOf(progress.done, total)}
      </p>
      <Progress value={total > 0 ? (100 * progress.done) / total : 0} aria-label={what} animated />
      <div className="transfer-actions">
        <span className="grow" />
        <Button variant="default" disabled={progress.isEnding} onClick={onCancel}>
          {t.cancelJob}
        </Button>
      </div>
    </div>
  )
}

function Outcome({ told }: { told: ImportTold }) {
  const t = useTexts()
  const { state, created, updated, unchanged, failed, total, message } = told
  if (state === 'draft') return message ? <p className="transfer-problem">{message}</p> : <p className="hint">{told.name}</p>
  const isFine = failed === 0 && state !== 'failed' && state !== 'cancelled'
  return (
    <div className={isFine ? 'transfer-outcome' : 'transfer-problem'} role="status">
      {state === 'tested' ? (
        failed === 0 ? (
          t.testFine(created, updated, unchanged)
        ) : (
          t.testFaulty(failed, total)
        )
      ) : state === 'undone' ? (
        t.undone(told.removed, told.restored, told.kept)
      ) : (
        <>
          <strong>{t.importedOf(created + updated + unchanged, total)}</strong>
          {' — '}
          {t.importCounts(created, updated, unchanged, failed)}
        </>
      )}
      {message && <p>{message}</p>}
    </div>
  )
}

function Mapping({
  told,
  fields,
  columns,
  onChange,
}: {
  told: ImportTold
  fields: readonly FieldChoice[]
  columns: readonly (string | false)[]
  onChange: (columns: readonly (string | false)[]) => void
}) {
  const t = useTexts()
  const examples = (place: number): string =>
    (told.sample ?? [])
      .map((row) => String(row[place] ?? ''))
      .filter(Boolean)
      .slice(0, 3)
      .join(' · ')
  return (
    <div className="transfer-scroll" tabIndex={0} role="group" aria-label={t.fieldToFill}>
      <table className="transfer-table">
        <thead>
          <tr>
            <th scope="col">{t.columnOfFile}</th>
            <th scope="col">{t.example}</th>
            <th scope="col">{t.fieldToFill}</th>
          </tr>
        </thead>
        <tbody>
          {told.headers.map((header, place) => (
            <tr key={place}>
              <th scope="row">{header}</th>
              <td className="hint">{examples(place)}</td>
              <td>
                <select
                  className="input"
                  aria-label={`${header}: ${t.fieldToFill}`}
                  value={columns[place] || ''}
                  onChange={(event) => onChange(columns.map((path, i) => (i === place ? event.target.value || false : path)))}
                >
                  <option value="">{t.notImported}</option>
                  {fields.map(({ path, label, required }) => (
                    <option key={path} value={path} disabled={columns.includes(path) && columns[place] !== path}>
                      {required ? `${label} *` : label}
                    </option>
                  ))}
                </select>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
