import './linked.css'
import { Button, Group } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useCallback, useId, useMemo, useRef, useState } from 'react'
import type { FieldMeta, ModelViews } from '@erp4/orm/views-types'
import { openForm } from '../../data/form.ts'
import { changedInForm } from '../../data/views.ts'
import type { Linked } from '../../fields/links.ts'
import type { Values } from '../../fields/widget.ts'
import { useTexts } from '../../i18n/index.ts'
import { openDialogue, useDialogueGuard } from '../../ui/dialogue.tsx'
import { tellFailure } from '../../ui/notify.ts'
import { Failure, FormSkeleton } from '../../ui/states.tsx'
import { problemsOf } from '../form/check.ts'
import { FieldIds, fieldIdIn, firstToFill } from '../form/FormField.tsx'
import { useLearning } from '../form/learning.ts'
import { Nodes } from '../form/Nodes.tsx'
import { FormRecord, useRecord } from '../form/record.ts'
import { Problems, Warnings } from '../form/Remarks.tsx'
import { useGuard } from '../form/saving.ts'

/** Makes a record for the field in its own form, over the page; begins with the name that was `typed`. Null where none was made. */
export async function makeInForm(field: FieldMeta, title: string, typed: string): Promise<Linked | null> {
  let made: Linked | null = null
  const done = (close: () => void) => (one: Linked | null) => {
    made = one
    close()
  }
  await openDialogue(title, (close) => <MakeDialogue model={field.relation!} typed={typed} onDone={done(close)} />, 900)
  return made
}

interface Props {
  readonly model: string
  readonly typed: string
  readonly onDone: (made: Linked | null) => void
}

function MakeDialogue({ model, typed, onDone }: Props) {
  const own = useId()
  const context = typed === '' ? {} : { default_name: typed }
  const { data, error, refetch } = useQuery({
    queryKey: ['form', model, 'new', own],
    queryFn: () => openForm(model, 'new', context),
    staleTime: Infinity,
    gcTime: 0,
  })
  if (error) return <Failure error={error} retry={() => void refetch()} />
  if (!data) return <FormSkeleton />
  return (
    <FieldIds value={`${own}-`}>
      <Making views={data.views} defaults={data.defaults ?? {}} context={context} ids={`${own}-`} onDone={onDone} />
    </FieldIds>
  )
}

interface MakingProps {
  readonly views: ModelViews
  readonly defaults: Values
  readonly context: Readonly<Record<string, unknown>>
  readonly ids: string
  readonly onDone: Props['onDone']
}

/** The form without what belongs to records that are there: buttons, links, the chatter. */
function Making({ views: begun, defaults, context, ids, onDone }: MakingProps) {
  const t = useTexts()
  const [record] = useState(() => new FormRecord(begun, { defaults }))
  const views = useLearning(record, context)
  const [isSaving, setSaving] = useState(false)
  const isDirty = useRecord(record, (one) => one.isDirty)
  const problems = useRecord(record, (one) => one.problems)
  const body = useRef<HTMLDivElement>(null)
  const nodes = useMemo(() => views.views['form']!.nodes.filter(({ tag }) => tag !== 'header' && tag !== 'link'), [views])
  const focusOn = firstToFill(record, nodes)
  const go = useCallback(
    (name: string): void => void setTimeout(() => body.current?.querySelector<HTMLElement>(`[id="${fieldIdIn(ids, name)}"]`)?.focus()),
    [ids],
  )
  const underWay = useRef(false)
  const save = useCallback(async (): Promise<boolean> => {
    if (underWay.current) return false
    underWay.current = true
    setSaving(true)
    try {
      await record.settled()
      for (const name of record.lineFields) record.dropBlank(name)
      const found = problemsOf(record, t)
      record.setProblems(found)
      const [first] = Object.keys(found)
      if (first !== undefined) {
        go(first)
        return false
      }
      const id = await record.save()
      void changedInForm()
      onDone({ id, display_name: String(record.saved['display_name'] || '') })
      return true
    } catch (error) {
      tellFailure(error, t)
      return false
    } finally {
      underWay.current = false
      setSaving(false)
    }
  }, [record, t, go, onDone])
  useDialogueGuard(useGuard(record, isDirty, save))
  return (
    <div
      ref={body}
      className="make-form"
      onKeyDown={(event) => {
        if (!((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 's')) return
        event.preventDefault()
        void save()
      }}
    >
      <Warnings record={record} />
      <Problems record={record} problems={problems} onGo={go} />
      <Nodes record={record} nodes={nodes} canWrite focusOn={focusOn} />
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={() => onDone(null)}>
          {t.discard}
        </Button>
        <Button onClick={() => void save()} loading={isSaving}>
          {t.save}
        </Button>
      </Group>
    </div>
  )
}
