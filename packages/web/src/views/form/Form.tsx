import { Button } from '@mantine/core'
import { Suspense, lazy, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import type { ModelViews } from '@erp4/orm/views-types'
import { follow as followAction } from '../../actions.ts'
import type { May } from '../../data/form.ts'
import { noteRecent } from '../../data/recent.ts'
import { onTouch } from '../../data/touched.ts'
import { changedInForm, metaOf, queries } from '../../data/views.ts'
import type { Values } from '../../fields/widget.ts'
import { useTexts } from '../../i18n/index.ts'
import { type Place, formatPlace, go, historyState } from '../../location.ts'
import { press } from '../../rpc.ts'
import { nameKey } from '../../shell/Breadcrumbs.tsx'
import { useShortcuts } from '../../shell/shortcuts.ts'
import { Toolbar } from '../../shell/Toolbar.tsx'
import { confirm } from '../../ui/confirm.tsx'
import { tellFailure } from '../../ui/notify.ts'
import { ConflictDialogue } from './Conflict.tsx'
import { DraftOffer, useDraft } from './Draft.tsx'
import { fieldId, firstToFill } from './FormField.tsx'
import { Head } from './Head.tsx'
import { useLearning } from './learning.ts'
import { Neighbours, openNeighbour } from './Neighbours.tsx'
import { Nodes } from './Nodes.tsx'
import { FormRecord, useRecord } from './record.ts'
import { RecordMenu } from './RecordMenu.tsx'
import { Problems, Warnings } from './Remarks.tsx'
import { useSaving } from './saving.ts'
import { SmartLinks } from './SmartLinks.tsx'

const Chatter = lazy(async () => ({ default: (await import('../../chatter/Chatter.tsx')).Chatter }))

interface FormProps {
  readonly views: ModelViews
  readonly given: { readonly record: Values } | { readonly defaults: Values }
  readonly may: May
  readonly place: Place
  /** What a new record begins with, and the like. */
  readonly context: Readonly<Record<string, unknown>>
}

/** An opened record, or one that is being made: its buttons, its fields, and what is said about it. */
export function Form({ views: begun, given, may, place, context }: FormProps) {
  const t = useTexts()
  const [record] = useState(() => new FormRecord(begun, given))
  const views = useLearning(record, context)
  const isDirty = useRecord(record, (one) => one.isDirty)
  const id = useRecord(record, (one) => one.id)
  const problems = useRecord(record, (one) => one.problems)
  const active = useRecord(record, ({ saved }) => saved['active'])
  const name = useRecord(record, ({ saved }) => String(saved['display_name'] || ''))
  const { found, settle } = useDraft(record)
  const body = useRef<HTMLDivElement>(null)
  const meta = metaOf(views)
  const canWrite = id === null ? meta.may.create : meta.may.write && may.write
  const { nodes } = views.views['form']!
  const step = place.steps.at(-1)!

  useEffect(() => {
    document.title = `${name || t.newRecord(meta.label)} · ERP4`
    if (id !== null) queries.setQueryData(nameKey(meta.name, id), name)
    if (id !== null && name !== '') noteRecent({ model: meta.name, id, name })
  }, [name, id, meta, t])

  useEffect(() => {
    if (id === null) return undefined
    return onTouch({ model: record.model, id }, () => {
      if (!record.isDirty)
        void record.readNow().then(
          (now) => now && !record.isDirty && record.reset(now),
          () => undefined,
        )
    })
  }, [record, id])

  const showProblems = useCallback(
    (found: Readonly<Record<string, string>>): void => {
      record.setProblems(found)
      const [first] = Object.keys(found)
      if (first)
        setTimeout(() =>
          (
            document.getElementById(fieldId(first)) ??
            body.current?.querySelector<HTMLElement>(`[data-field="${first}"] :is(input, select, textarea, button)`)
          )?.focus(),
        )
    },
    [record],
  )

  const { save, isSaving, isSavedByItself, undo, clash, settleClash } = useSaving(record, place, showProblems)

  const discard = (): void => {
    if (record.id === null) void go(historyState().list ?? formatPlace([...place.steps.slice(0, -1), { word: step.word }]), { force: true })
    else record.discard()
  }

  const runButton = async (method: string, ask?: string): Promise<void> => {
    if (ask && !(await confirm(ask, '', t.goOn))) return
    if (!(await save())) return
    try {
      const action = await press(record.model, method, [record.id!])
      // A dialogue is followed to its end: what it did is part of what is read.
      if (action && action['type'] === 'ir.actions.client') await followAction(action)
      const now = await record.readNow()
      if (now) record.reset(now)
      void changedInForm()
      if (action && action['type'] !== 'ir.actions.client') await followAction(action)
    } catch (error) {
      tellFailure(error, t)
    }
  }

  useShortcuts([
    { keys: 'mod+s', label: t.save, run: () => void save() },
    { keys: 'alt+s', label: t.save, run: () => void save() },
    { keys: 'alt+j', label: t.discard, run: discard },
    { keys: 'alt+z', label: t.undoSave, run: () => void undo?.() },
    {
      keys: 'alt+n',
      label: t.newOf(meta.label),
      run: () => meta.may.create && void go(formatPlace([...place.steps.slice(0, -1), { word: step.word, id: 'new' }])),
    },
    { keys: 'alt+arrowright', label: t.nextRecord, run: () => openNeighbour(place, record.id, 1) },
    { keys: 'alt+arrowleft', label: t.previousRecord, run: () => openNeighbour(place, record.id, -1) },
  ])

  const header = nodes.find((node) => node.tag === 'header')
  const links = nodes.filter((node) => node.tag === 'link')
  // The same list each time: what is typed draws what follows from it, and not the whole form.
  const plain = useMemo(() => nodes.filter(({ tag }) => tag !== 'header' && tag !== 'link'), [nodes])
  const focusOn = id === null ? firstToFill(record, nodes) : undefined

  return (
    <>
      <Toolbar>
        {canWrite && (isDirty || id === null) && (
          <>
            <Button size="compact-sm" onClick={() => void save()} loading={isSaving}>
              {t.save}
            </Button>
            <Button size="compact-sm" variant="default" onClick={discard}>
              {t.discard}
            </Button>
          </>
        )}
        {id !== null && !isDirty && meta.may.create && (
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => void go(formatPlace([...place.steps.slice(0, -1), { word: step.word, id: 'new' }]))}
          >
            {t.new}
          </Button>
        )}
        {isDirty && <span className="unsaved soft">{t.unsaved}</span>}
        {isSavedByItself && (
          <span className="soft small" role="status">
            {t.savedByItself}{' '}
            {undo && (
              <button type="button" className="link" onClick={() => void undo()}>
                {t.undo}
              </button>
            )}
          </span>
        )}
        <span className="grow" />
        {id !== null && <Neighbours id={id} onGo={(by) => openNeighbour(place, id, by)} />}
        {id !== null && <RecordMenu record={record} place={place} active={active} may={may} undo={undo} />}
      </Toolbar>
      <div className="form-scroll" ref={body}>
        {(header || links.length > 0) && (
          <Head record={record} nodes={header?.nodes ?? []} onRun={(method, ask) => void runButton(method, ask)} />
        )}
        <div className="sheet">
          {active === false && id !== null && <p className="ribbon">{t.archived}</p>}
          <SmartLinks record={record} links={links} />
          {found && <DraftOffer record={record} draft={found} onDone={settle} />}
          <Warnings record={record} />
          <Problems record={record} problems={problems} onGo={(field) => showProblems({ [field]: problems[field]!, ...problems })} />
          <Nodes record={record} nodes={plain} canWrite={canWrite} focusOn={focusOn} />
        </div>
        {id !== null && meta.fields['message_ids'] && (
          <Suspense fallback={null}>
            <Chatter key={id} record={record} model={meta.name} id={id} canWrite={canWrite} />
          </Suspense>
        )}
      </div>
      {clash && (
        <ConflictDialogue
          record={record}
          clash={clash}
          onDone={(goOn) => {
            settleClash()
            if (goOn) void save()
          }}
        />
      )}
    </>
  )
}
