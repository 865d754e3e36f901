import { ActionIcon, Button, Group, Menu, Tooltip } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Suspense, lazy, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import type { ModelViews } from '@erp4/orm/views-types'
import { follow as followAction } from '../../actions.ts'
import { type Kept, changed, keepViews, knownViews, metaOf, queries } from '../../data/views.ts'
import { noteRecent } from '../../data/recent.ts'
import { holds } from '../../domain.ts'
import { widgetFor } from '../../fields/registry.ts'
import type { Values } from '../../fields/widget.ts'
import { useTexts } from '../../i18n/index.ts'
import { type Place, defaultsIn, formatPlace, go, guardLeaving, historyState } from '../../location.ts'
import { Refusal, ask, call, press } from '../../rpc.ts'
import { nameKey } from '../../shell/Breadcrumbs.tsx'
import { askWhy, managesUsers } from '../../settings/screens.ts'
import { useShortcuts } from '../../shell/shortcuts.ts'
import { Toolbar } from '../../shell/Toolbar.tsx'
import { choose, confirm } from '../../ui/confirm.tsx'
import {
  IconArchive,
  IconChevronLeft,
  IconChevronRight,
  IconCopy,
  IconDots,
  IconRestore,
  IconTrash,
  IconUndo,
  IconUser,
  IconX,
} from '../../ui/icons.ts'
import { tell, tellFailure, tellUndoable } from '../../ui/notify.ts'
import { Empty, Failure, FormSkeleton } from '../../ui/states.tsx'
import { problemsOf, shownFields } from './check.ts'
import { type Clash, ConflictDialogue, readClash } from './Conflict.tsx'
import { DraftOffer, useDraft } from './Draft.tsx'
import { fieldId } from './FormField.tsx'
import { Nodes } from './Nodes.tsx'
import { FormRecord, useRecord } from './record.ts'
import { SmartLink, StatusBar } from './StatusBar.tsx'

const Chatter = lazy(async () => ({ default: (await import('../../chatter/Chatter.tsx')).Chatter }))

interface Props {
  readonly model: string
  readonly id: number | 'new'
  readonly place: Place
  /** `default_<field>` and the like, of the menu. */
  readonly context?: Readonly<Record<string, unknown>> | undefined
}

/** What the user may do with this very record. */
interface May {
  readonly write: boolean
  readonly unlink: boolean
}

type Opened = Kept & {
  readonly views?: ModelViews
  readonly record?: Values | false
  readonly defaults?: Values
  readonly may?: May | false
}

/** One record: read in one request, with how to show it where that is not known yet. */
export function FormView({ model, id: current, place, context }: Props) {
  const t = useTexts()
  // A new record that is saved gets a number and an address, and stays as it is on the screen.
  const [id] = useState(current)
  const defaults = defaultsIn(place)
  const { data, error, refetch } = useQuery({
    queryKey: ['form', model, id, defaults],
    queryFn: async () => {
      const views = knownViews(model) === undefined
      const opened = await ask<Opened>('form', { model, ...(id === 'new' ? {} : { id }), views, context: { ...context, ...defaults } })
      if (opened.views) keepViews(opened.views, opened)
      return opened
    },
    // A form never changes under the hands of whoever edits it; saving tells of what others did.
    staleTime: Infinity,
    gcTime: 0,
  })
  if (error) return <Failure error={error} retry={() => void refetch()} />
  if (!data) return <FormSkeleton />
  if (data.record === false) return <Empty title={t.recordIsGone} hint={t.recordIsGoneHint} />
  return (
    <Form
      views={knownViews(model)!}
      given={data.record ? { record: data.record } : { defaults: data.defaults ?? {} }}
      may={data.may || { write: true, unlink: true }}
      place={place}
    />
  )
}

interface FormProps {
  readonly views: ModelViews
  readonly given: { readonly record: Values } | { readonly defaults: Values }
  readonly may: May
  readonly place: Place
}

function Form({ views, given, may, place }: FormProps) {
  const t = useTexts()
  const [record] = useState(() => new FormRecord(views, given))
  const isDirty = useRecord(record, (one) => one.isDirty)
  const id = useRecord(record, (one) => one.id)
  const problems = useRecord(record, (one) => one.problems)
  const active = useRecord(record, ({ saved }) => saved['active'])
  const name = useRecord(record, ({ saved }) => String(saved['display_name'] || ''))
  const { found, settle } = useDraft(record)
  const [clash, setClash] = useState<Clash | null>(null)
  const [isSaving, setSaving] = useState(false)
  /** The version that the last save made, while it can be taken back. */
  const [undoable, setUndoable] = useState<number | null>(null)
  const version = useRecord(record, ({ saved }) => saved['version'])
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

  /** Takes the last save back; the server refuses where somebody changed the record since. */
  const undo = useCallback(async (): Promise<void> => {
    try {
      await call(record.model, 'web_undo', [[record.id]], { version: record.saved['version'] })
      const now = await record.readNow()
      if (now) record.reset(now)
      setUndoable(null)
      tell(t.saveUndone)
      void queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'form' })
    } catch (error) {
      tellFailure(error, t)
    }
  }, [record, t])

  const saveOnce = useCallback(async (): Promise<boolean> => {
    if (!record.isDirty && record.id !== null) return true
    // What the last keys bring may be what is required.
    await record.settled()
    const found = problemsOf(record, t)
    if (Object.keys(found).length > 0) {
      showProblems(found)
      return false
    }
    const wasNew = record.id === null
    setSaving(true)
    try {
      const saved = await record.save()
      void queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'form' })
      if (wasNew) tell(t.saved)
      else tellUndoable(t.saved, { label: t.undo, run: () => void undo() })
      setUndoable(record.saved['version'] as number)
      if (wasNew)
        await go(formatPlace([...place.steps.slice(0, -1), { ...step, id: saved }]), {
          replace: true,
          force: true,
          stays: true,
          state: historyState(),
        })
      return true
    } catch (error) {
      if (error instanceof Refusal && error.isConflict) {
        const found = await readClash(record).catch(() => null)
        if (found) setClash(found)
        else tellFailure(error, t)
      } else tellFailure(error, t)
      return false
    } finally {
      setSaving(false)
    }
  }, [record, t, place, step, showProblems, undo])
  const underWay = useRef<Promise<boolean>>(null)
  /** Answers whether the record is saved. A second key, pressed while the first is at work, is told what came of the first. */
  const save = useCallback((): Promise<boolean> => (underWay.current ??= saveOnce().finally(() => (underWay.current = null))), [saveOnce])

  useEffect(
    () =>
      guardLeaving(async () => {
        if (!record.isDirty) return true
        const answer = await choose({
          title: t.unsavedTitle,
          body: t.unsavedHint,
          answers: [{ label: t.saveAndLeave }, { label: t.discardAndLeave, tone: 'quiet' }],
        })
        if (answer === 1) record.discard()
        return answer === 0 ? save() : answer === 1
      }),
    [record, save, t],
  )
  useEffect(() => {
    if (!isDirty) return undefined
    const warn = (event: BeforeUnloadEvent): void => event.preventDefault()
    addEventListener('beforeunload', warn)
    return () => removeEventListener('beforeunload', warn)
  }, [isDirty])

  const discard = (): void => {
    if (record.id === null) void go(historyState().list ?? formatPlace([...place.steps.slice(0, -1), { word: step.word }]), { force: true })
    else record.discard()
  }

  const openNeighbour = (by: 1 | -1): void => {
    const { ids = [], list } = historyState()
    const at = ids.indexOf(record.id ?? 0)
    const next = ids[at + by]
    if (at >= 0 && next !== undefined)
      void go(formatPlace([...place.steps.slice(0, -1), { ...step, id: next }]), {
        replace: true,
        state: { ids, ...(list ? { list } : {}) },
      })
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
      void queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'form' })
      if (action && action['type'] !== 'ir.actions.client') await followAction(action)
    } catch (error) {
      tellFailure(error, t)
    }
  }

  useShortcuts([
    { keys: 'mod+s', label: t.save, run: () => void save() },
    { keys: 'alt+s', label: t.save, run: () => void save() },
    { keys: 'alt+j', label: t.discard, run: discard },
    { keys: 'alt+z', label: t.undoSave, run: () => undoable === version && !isDirty && void undo() },
    {
      keys: 'alt+n',
      label: t.newOf(meta.label),
      run: () => meta.may.create && void go(formatPlace([...place.steps.slice(0, -1), { word: step.word, id: 'new' }])),
    },
    { keys: 'alt+arrowright', label: t.nextRecord, run: () => openNeighbour(1) },
    { keys: 'alt+arrowleft', label: t.previousRecord, run: () => openNeighbour(-1) },
  ])

  const header = nodes.find((node) => node.tag === 'header')
  const links = nodes.filter((node) => node.tag === 'link')
  // The same list each time: what is typed draws what follows from it, and not the whole form.
  const plain = useMemo(() => nodes.filter(({ tag }) => tag !== 'header' && tag !== 'link'), [nodes])
  const focusOn = id === null ? shownFields(nodes, record.values).find((one) => firstToFill(record, one.field))?.field : undefined

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
        <span className="grow" />
        {id !== null && <Neighbours id={id} onGo={openNeighbour} />}
        {id !== null && (
          <RecordMenu record={record} place={place} active={active} may={may} undo={undoable === version && !isDirty ? undo : null} />
        )}
      </Toolbar>
      <div className="form-scroll" ref={body}>
        {(header || links.length > 0) && (
          <div className="form-head">
            <Group gap="xs">
              {header?.nodes.map(
                (node, i) =>
                  node.tag === 'button' && (
                    <HeadButton key={i} record={record} node={node} onRun={() => void runButton(node.method, node.confirm)} />
                  ),
              )}
            </Group>
            {header?.nodes.map((node, i) => node.tag === 'statusbar' && <StatusBar key={i} record={record} node={node} />)}
          </div>
        )}
        <div className="sheet">
          {active === false && id !== null && <p className="ribbon">{t.archived}</p>}
          {links.length > 0 && id !== null && (
            <nav className="smart-links" aria-label={t.related}>
              {links.map((node, i) => (
                <SmartLink key={i} record={record} node={node} />
              ))}
            </nav>
          )}
          {found && <DraftOffer record={record} draft={found} onDone={settle} />}
          <Warnings record={record} />
          <Problems record={record} problems={problems} onGo={(field) => showProblems({ [field]: problems[field]!, ...problems })} />
          <Nodes record={record} nodes={plain} canWrite={canWrite} focusOn={focusOn} />
        </div>
        {id !== null && meta.fields['message_ids'] && (
          <Suspense fallback={null}>
            <Chatter key={id} record={record} subject={{ model: meta.name, id }} canWrite={canWrite} />
          </Suspense>
        )}
      </div>
      {clash && (
        <ConflictDialogue
          record={record}
          clash={clash}
          onDone={(goOn) => {
            setClash(null)
            if (goOn) void save()
          }}
        />
      )}
    </>
  )
}

const firstToFill = (record: FormRecord, name: string): boolean => {
  const field = record.fields[name]
  return (
    field !== undefined &&
    !field.readonly &&
    widgetFor(field).Edit !== undefined &&
    !['boolean', 'selection', 'binary'].includes(field.type)
  )
}

function HeadButton({
  record,
  node,
  onRun,
}: {
  record: FormRecord
  node: { label: string; when: readonly unknown[]; primary?: true }
  onRun: () => void
}) {
  const isShown = useRecord(record, ({ values, id }) => id !== null && holds(node.when, values))
  if (!isShown) return null
  return (
    <Button size="compact-sm" variant={node.primary ? 'filled' : 'default'} onClick={onRun}>
      {node.label}
    </Button>
  )
}

/** What apps had to say about what was typed; put away one by one. */
function Warnings({ record }: { record: FormRecord }) {
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
function Problems({
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

function Neighbours({ id, onGo }: { id: number; onGo: (by: 1 | -1) => void }) {
  const t = useTexts()
  const { ids = [] } = historyState()
  const at = ids.indexOf(id)
  if (at < 0 || ids.length < 2) return null
  return (
    <span className="neighbours">
      <span className="soft">
        {at + 1} / {ids.length}
      </span>
      <Tooltip label={`${t.previousRecord} (Alt ←)`}>
        <ActionIcon variant="subtle" color="gray" c="inherit" aria-label={t.previousRecord} disabled={at === 0} onClick={() => onGo(-1)}>
          <IconChevronLeft size={18} aria-hidden />
        </ActionIcon>
      </Tooltip>
      <Tooltip label={`${t.nextRecord} (Alt →)`}>
        <ActionIcon
          variant="subtle"
          color="gray"
          c="inherit"
          aria-label={t.nextRecord}
          disabled={at === ids.length - 1}
          onClick={() => onGo(1)}
        >
          <IconChevronRight size={18} aria-hidden />
        </ActionIcon>
      </Tooltip>
    </span>
  )
}

/** What one does with a record as a whole. */
function RecordMenu({
  record,
  place,
  active,
  may,
  undo,
}: {
  record: FormRecord
  place: Place
  active: unknown
  may: May
  undo: (() => Promise<void>) | null
}) {
  const t = useTexts()
  const meta = metaOf(record.views)
  const step = place.steps.at(-1)!
  const list = historyState().list ?? formatPlace([...place.steps.slice(0, -1), { word: step.word }])
  const run = async (work: () => Promise<unknown>, done: string): Promise<void> => {
    try {
      await work()
      tell(done)
    } catch (error) {
      tellFailure(error, t)
    }
  }
  const archive = (isArchiving: boolean) => async (): Promise<void> => {
    if (isArchiving && !(await confirm(t.archiveQuestion(1), t.archiveHint, t.archive))) return
    await run(
      async () => {
        await call(record.model, isArchiving ? 'action_archive' : 'action_unarchive', [[record.id]])
        const now = await record.readNow()
        if (now) record.reset(now)
        await queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'form' })
      },
      isArchiving ? t.archivedCount(1) : t.restoredCount(1),
    )
  }
  const duplicate = (): Promise<void> =>
    run(async () => {
      const [copy] = await call<number[]>(record.model, 'copy', [[record.id]])
      await go(formatPlace([...place.steps.slice(0, -1), { ...step, id: copy! }]), { state: historyState() })
    }, t.duplicated)
  const remove = async (): Promise<void> => {
    if (!(await confirm(t.deleteQuestion(1), t.deleteHint, t.delete, 'danger'))) return
    await run(async () => {
      await call(record.model, 'unlink', [[record.id]])
      record.discard()
      await go(list, { force: true })
      await changed()
    }, t.deletedCount(1))
  }
  const why = (): Promise<void> => askWhy({ model: record.model, id: record.id!, name: String(record.saved['display_name'] || '') })
  const items = [
    ...(undo ? [{ label: t.undoSave, icon: IconUndo, run: undo }] : []),
    ...(meta.hasActive && may.write && active !== false ? [{ label: t.archive, icon: IconArchive, run: archive(true) }] : []),
    ...(meta.hasActive && may.write && active === false ? [{ label: t.restore, icon: IconRestore, run: archive(false) }] : []),
    ...(meta.may.create ? [{ label: t.duplicate, icon: IconCopy, run: duplicate }] : []),
    ...(may.unlink ? [{ label: t.delete, icon: IconTrash, run: remove }] : []),
    ...(managesUsers && record.id !== null ? [{ label: t.whyMenu, icon: IconUser, run: why }] : []),
  ]
  if (items.length === 0) return null
  return (
    <Menu position="bottom-end" shadow="md">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" c="inherit" aria-label={t.moreActions}>
          <IconDots size={18} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {items.map(({ label, icon: Icon, run: work }) => (
          <Menu.Item key={label} leftSection={<Icon size={16} aria-hidden />} onClick={() => void work()}>
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
