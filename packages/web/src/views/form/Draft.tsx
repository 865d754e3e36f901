import { Button, Group, Modal } from '@mantine/core'
import { useEffect, useState } from 'react'
import { type Draft, dropDraft, keepDraft, readDraft } from '../../data/drafts.ts'
import { formatMoment, formatValue } from '../../format.ts'
import { useTexts } from '../../i18n/index.ts'
import type { FormRecord } from './record.ts'

/** The hands rest so long before what they typed is written down. */
const restMs = 300

/** Keeps what is typed until it is saved, and answers what was typed here earlier and never saved. */
export function useDraft(record: FormRecord): { found: Draft | null; settle: () => void } {
  const [found, setFound] = useState(() => readDraft(record.model, record.id))
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    let [wasDirty, id] = [false, record.id]
    const write = (): void => {
      clearTimeout(timer)
      const draft = record.draft()
      if (draft) keepDraft(record.model, record.id, draft)
    }
    const watch = (): void => {
      clearTimeout(timer)
      if (record.isDirty) timer = setTimeout(write, restMs)
      // Saved or discarded: a draft that was never looked at stays where it is.
      else if (wasDirty) dropDraft(record.model, id)
      ;[wasDirty, id] = [record.isDirty, record.id]
    }
    const stop = record.subscribe(watch)
    const leave = (): void => void (record.isDirty && write())
    addEventListener('pagehide', leave)
    return () => {
      stop()
      clearTimeout(timer)
      removeEventListener('pagehide', leave)
    }
  }, [record])
  return { found, settle: () => setFound(null) }
}

/** Offers what was typed here earlier: to compare, to take up again, to throw away. */
export function DraftOffer({ record, draft, onDone }: { record: FormRecord; draft: Draft; onDone: () => void }) {
  const t = useTexts()
  const [isComparing, setComparing] = useState(false)
  const isOlder = draft.version !== null && draft.version !== record.saved['version']
  const take = (): void => {
    record.resume(draft)
    onDone()
  }
  const drop = (): void => {
    dropDraft(record.model, record.id)
    onDone()
  }
  const moment = new Date(draft.at).toISOString().slice(0, 19).replace('T', ' ')
  return (
    <div className="offer" role="status">
      <span>
        {t.draftFound(formatMoment(moment))}
        {isOlder && ` ${t.draftIsOlder}`}
      </span>
      <Group gap="xs">
        <Button size="compact-sm" variant="default" onClick={() => setComparing(true)}>
          {t.compare}
        </Button>
        <Button size="compact-sm" onClick={take}>
          {t.takeUp}
        </Button>
        <Button size="compact-sm" variant="subtle" color="gray" c="inherit" onClick={drop}>
          {t.throwAway}
        </Button>
      </Group>
      <Modal
        opened={isComparing}
        onClose={() => setComparing(false)}
        title={t.draftTitle}
        size="lg"
        centered
        closeButtonProps={{ 'aria-label': t.close }}
      >
        <Comparison record={record} draft={draft} />
        <Group justify="flex-end" gap="xs" mt="lg">
          <Button variant="default" onClick={drop}>
            {t.throwAway}
          </Button>
          <Button data-autofocus onClick={take}>
            {t.takeUp}
          </Button>
        </Group>
      </Modal>
    </div>
  )
}

function Comparison({ record, draft }: { record: FormRecord; draft: Draft }) {
  const t = useTexts()
  const shown = (name: string, values: Readonly<Record<string, unknown>>) =>
    formatValue(record.fields[name]!, values[name], { ...record.values, ...values }) || <span className="soft">{t.empty}</span>
  return (
    <table className="conflict">
      <thead>
        <tr>
          <th scope="col">{t.field}</th>
          <th scope="col">{t.draftNow}</th>
          <th scope="col">{t.draftThen}</th>
        </tr>
      </thead>
      <tbody>
        {Object.keys(draft.values).flatMap((name) =>
          record.fields[name] ? (
            <tr key={name}>
              <th scope="row">{record.fields[name].string}</th>
              <td>{shown(name, record.values)}</td>
              <td>{shown(name, draft.values)}</td>
            </tr>
          ) : (
            []
          ),
        )}
        {Object.entries(draft.lines).flatMap(([name, { added, changed, removed }]) =>
          record.fields[name] ? (
            <tr key={name}>
              <th scope="row">{record.fields[name].string}</th>
              <td />
              <td>{t.draftLines(added.length, changed.length, removed.length)}</td>
            </tr>
          ) : (
            []
          ),
        )}
      </tbody>
    </table>
  )
}
