import { Button, Progress } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { useTexts } from '../i18n/index.ts'
import { call, transfer } from '../rpc.ts'
import { explain } from '../ui/states.tsx'
import type { Open, ShownColumn } from './open.ts'
import { tellWhenExported } from './watch.ts'
import { type ExportTold, type FieldChoice, fileOf } from './wire.ts'

interface Preset {
  readonly id: number
  readonly name: string
  readonly format: 'csv' | 'xlsx'
  readonly compatible: boolean
}

/** What is shown, or the fields that one chooses, as a file. */
export function ExportScreen({ open }: { open: Open & { what: 'export' } }) {
  const t = useTexts()
  const [format, setFormat] = useState<'csv' | 'xlsx'>('xlsx')
  const [isCompatible, setCompatible] = useState(false)
  const [columns, setColumns] = useState<readonly ShownColumn[]>(open.columns)
  const [fields, setFields] = useState<readonly FieldChoice[]>([])
  const [presets, setPresets] = useState<readonly Preset[]>([])
  const [name, setName] = useState('')
  const [told, setTold] = useState<ExportTold | null>(null)
  const [error, setError] = useState<unknown>(null)

  const loadPresets = (): Promise<void> =>
    call<Preset[]>('ir.exports', 'search_read', [[['resource', '=', open.model]], ['name', 'format', 'compatible']]).then(setPresets)
  useEffect(() => {
    transfer<FieldChoice[]>('export-fields', { model: open.model }).then(setFields, setError)
    loadPresets().catch(setError)
  }, [])

  const isRunning = told?.state === 'running'
  const id = told?.id
  useEffect(() => {
    if (!isRunning) return
    const timer = setInterval(() => void transfer<ExportTold>('export-status', { id }).then(setTold, setError), 700)
    return () => clearInterval(timer)
  }, [isRunning, id])

  const latest = useRef(told)
  latest.current = told
  useEffect(
    () => () => {
      if (latest.current?.state === 'running') tellWhenExported(latest.current, t).catch(() => {}) // out of reach: its file waits a day
    },
    [],
  )

  const attempt = (work: Promise<unknown>): void => {
    setError(null)
    work.catch(setError)
  }
  const usePreset = async (chosen: number): Promise<void> => {
    const preset = presets.find((one) => one.id === chosen)
    if (!preset) return setColumns(open.columns)
    const lines = await call<{ name: string }[]>('ir.exports.line', 'search_read', [[['export_id', '=', chosen]], ['name']])
    setFormat(preset.format)
    setCompatible(preset.compatible)
    setColumns(lines.map((line) => ({ path: line.name, label: fields.find(({ path }) => path === line.name)?.label ?? line.name })))
  }
  const savePreset = async (): Promise<void> => {
    const lines = columns.map(({ path }) => [0, 0, { name: path }])
    await call('ir.exports', 'create', [{ name, resource: open.model, format, compatible: isCompatible, export_fields: lines }])
    setName('')
    await loadPresets()
  }
  // Imported again, a record is known by its external id, and so are those it refers to.
  const wanted = (): readonly ShownColumn[] => {
    if (!isCompatible) return columns
    const known = new Set(fields.map(({ path }) => path))
    const paths = columns.map(({ path, label }) => (known.has(`${path}/id`) ? { path: `${path}/id`, label } : { path, label }))
    return paths.some(({ path }) => path === 'id') ? paths : [{ path: 'id', label: 'id' }, ...paths]
  }
  const startExport = async (): Promise<void> => {
    const { model, domain, order, ids, context } = open
    setTold(
      await transfer<ExportTold>('export-start', {
        model,
        format,
        isCompatible,
        columns: wanted(),
        domain: ids ? [] : domain,
        order,
        context,
        ...(ids ? { ids } : {}),
      }),
    )
  }
  const move = (i: number): void => setColumns(columns.map((one, at) => (at === i - 1 ? columns[i]! : at === i ? columns[i - 1]! : one)))

  if (told && told.state === 'running')
    return (
      <div className="transfer transfer-working">
        <p role="status">
          <strong>{t.exporting}</strong> {t.progressOf(told.done, told.total)}
        </p>
        <Progress value={told.total > 0 ? (100 * told.done) / told.total : 0} aria-label={t.exporting} animated />
        <div className="transfer-actions">
          <span className="grow" />
          <Button variant="default" onClick={() => attempt(transfer('export-cancel', { id: told.id }))}>
            {t.cancelJob}
          </Button>
        </div>
      </div>
    )
  if (told?.state === 'done')
    return (
      <div className="transfer">
        <p className="transfer-outcome" role="status">
          {t.exportReady(told.rows)}
        </p>
        <Button component="a" data-autofocus href={fileOf(told)} download={told.name}>
          {t.fetchFile}
        </Button>
      </div>
    )
  const problem = error !== null ? explain(error, t).hint : told ? told.message || t.importStates[told.state] : null
  return (
    <div className="transfer">
      {problem && (
        <p className="transfer-problem" role="alert">
          {problem}
        </p>
      )}
      <p>{open.ids ? t.exportSelected(open.count) : t.exportWhat(open.count)}</p>
      <fieldset className="transfer-options">
        <legend className="sr">{t.exportFormat}</legend>
        <label>
          {t.presets}
          <select className="input" defaultValue="" onChange={(event) => attempt(usePreset(Number(event.target.value)))}>
            <option value="">{t.noPreset}</option>
            {presets.map((preset) => (
              <option key={preset.id} value={preset.id}>
                {preset.name}
              </option>
            ))}
          </select>
        </label>
        <label>
          {t.exportFormat}
          <select className="input" value={format} onChange={(event) => setFormat(event.target.value as 'csv' | 'xlsx')}>
            <option value="xlsx">{t.excelFile}</option>
            <option value="csv">{t.csvFile}</option>
          </select>
        </label>
        <label className="check">
          <input type="checkbox" checked={isCompatible} onChange={(event) => setCompatible(event.target.checked)} /> {t.reimportable}
        </label>
      </fieldset>
      <h3>{t.exportedColumns}</h3>
      <ul className="transfer-columns">
        {columns.map(({ path, label }, i) => (
          <li key={path}>
            <span>{label}</span>
            <button type="button" className="bare" disabled={i === 0} aria-label={t.moveUp(label)} onClick={() => move(i)}>
              ↑
            </button>
            <button
              type="button"
              className="bare"
              disabled={columns.length === 1}
              aria-label={t.removeColumn(label)}
              onClick={() => setColumns(columns.filter((one) => one.path !== path))}
            >
              ×
            </button>
          </li>
        ))}
      </ul>
      <select
        className="input"
        aria-label={t.addColumn}
        value=""
        onChange={(event) => {
          const field = fields.find(({ path }) => path === event.target.value)
          if (field) setColumns([...columns, field])
        }}
      >
        <option value="">{t.addColumn}</option>
        {fields
          .filter(({ path }) => !columns.some((one) => one.path === path))
          .map(({ path, label }) => (
            <option key={path} value={path}>
              {label}
            </option>
          ))}
      </select>
      <div className="transfer-actions">
        <input
          className="input"
          value={name}
          aria-label={t.presetName}
          placeholder={t.presetName}
          onChange={(event) => setName(event.target.value)}
        />
        <Button variant="default" disabled={name.trim() === ''} onClick={() => attempt(savePreset())}>
          {t.savePreset}
        </Button>
        <span className="grow" />
        <Button onClick={() => attempt(startExport())}>{t.startExport}</Button>
      </div>
    </div>
  )
}
