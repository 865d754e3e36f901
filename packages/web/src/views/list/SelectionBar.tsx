import { Button, Menu } from '@mantine/core'
import { useState } from 'react'
import { type KnownViews, changed, metaOf } from '../../data/views.ts'
import type { Domain } from '../../domain.ts'
import { formatInteger } from '../../format.ts'
import { useTexts } from '../../i18n/index.ts'
import { call } from '../../rpc.ts'
import { confirm } from '../../ui/confirm.tsx'
import { IconArchive, IconChevronDown, IconCopy, IconPencil, IconRestore, IconTrash, IconX } from '../../ui/icons.ts'
import { tellFailure } from '../../ui/notify.ts'
import { inBatches, parting } from './batches.ts'
import { MassEdit } from './MassEdit.tsx'
import { tellOutcome } from './outcome.tsx'
import { countedTo } from './rows.ts'
import type { Selection } from './selection.ts'

interface Props {
  readonly views: KnownViews
  readonly domain: Domain
  readonly selection: Selection
  readonly total: number | undefined
  /** There is no heading to choose the page from. */
  readonly isPhone: boolean
  readonly context: Readonly<Record<string, unknown>>
}

/** More than this many ids are refused by the server (`active_ids_limit`). */
const mostIds = 20_000
/** So many records change in one call. */
const batch = 100

/** What is chosen, and what can be done with all of it at once. */
export function SelectionBar({ views, domain, selection, total, isPhone, context }: Props) {
  const t = useTexts()
  const meta = metaOf(views)
  /** The very records that the preview counts. */
  const [editing, setEditing] = useState<readonly number[] | null>(null)
  const canSelectAll = selection.isPageSelected && total !== undefined && total > selection.count && !selection.isAll
  const shownTotal = total !== undefined && total >= countedTo ? `${formatInteger(countedTo - 1)}+` : formatInteger(total ?? 0)

  const idsNow = (): Promise<readonly number[]> =>
    selection.isAll ? call<number[]>(views.model, 'search', [domain], { limit: mostIds, context }) : Promise.resolve([...selection.ids])

  /** Asks, does it by batches, tells what it came to. */
  const run = async (
    title: string,
    work: (ids: readonly number[]) => Promise<unknown>,
    ask: ((n: number) => Promise<boolean>) | null,
    done: (n: number) => string,
  ): Promise<void> => {
    try {
      const ids = await idsNow()
      if (ask && !(await ask(ids.length))) return
      const outcome = await inBatches(ids, batch, title, parting(work))
      selection.clear()
      await tellOutcome(views.model, outcome, done, t)
    } catch (error) {
      tellFailure(error, t)
    } finally {
      await changed()
    }
  }
  const archive = (): Promise<void> =>
    run(
      t.archive,
      (ids) => call(views.model, 'action_archive', [ids]),
      (n) => confirm(t.archiveQuestion(n), t.archiveHint, t.archive),
      t.archivedCount,
    )
  const restore = (): Promise<void> => run(t.restore, (ids) => call(views.model, 'action_unarchive', [ids]), null, t.restoredCount)
  const remove = (): Promise<void> =>
    run(
      t.delete,
      (ids) => call(views.model, 'unlink', [ids]),
      (n) => confirm(t.deleteQuestion(n), t.deleteHint, t.delete, 'danger'),
      t.deletedCount,
    )
  const duplicate = (): Promise<void> => run(t.duplicate, (ids) => call(views.model, 'copy', [ids]), null, t.duplicatedCount)
  const edit = async (): Promise<void> => {
    try {
      setEditing(await idsNow())
    } catch (error) {
      tellFailure(error, t)
    }
  }

  const isNone = selection.count === 0
  return (
    <>
      {isPhone && (
        <input
          type="checkbox"
          className="select-page"
          aria-label={t.selectPage}
          checked={selection.isPageSelected}
          onChange={selection.selectPage}
        />
      )}
      <span className="selected" role="status">
        {selection.isAll ? t.allSelected(shownTotal) : t.selected(formatInteger(selection.count))}
        <button type="button" className="bare" aria-label={t.clearSelection} onClick={selection.clear}>
          <IconX size={14} aria-hidden />
        </button>
      </span>
      {canSelectAll && (
        <Button variant="subtle" size="compact-sm" onClick={selection.selectAll}>
          {t.selectAll(shownTotal)}
        </Button>
      )}
      {!isNone && meta.may.write && (
        <Button variant="default" size="compact-sm" leftSection={<IconPencil size={15} aria-hidden />} onClick={() => void edit()}>
          {t.editSelected}
        </Button>
      )}
      {!isNone && (
        <Menu position="bottom-start" shadow="md">
          <Menu.Target>
            <Button variant="default" size="compact-sm" rightSection={<IconChevronDown size={14} aria-hidden />}>
              {t.actions}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {meta.hasActive && meta.may.write && (
              <>
                <Menu.Item leftSection={<IconArchive size={16} aria-hidden />} onClick={() => void archive()}>
                  {t.archive}
                </Menu.Item>
                <Menu.Item leftSection={<IconRestore size={16} aria-hidden />} onClick={() => void restore()}>
                  {t.restore}
                </Menu.Item>
              </>
            )}
            {meta.may.create && (
              <Menu.Item leftSection={<IconCopy size={16} aria-hidden />} onClick={() => void duplicate()}>
                {t.duplicate}
              </Menu.Item>
            )}
            {meta.may.unlink && (
              <Menu.Item leftSection={<IconTrash size={16} aria-hidden />} onClick={() => void remove()}>
                {t.delete}
              </Menu.Item>
            )}
          </Menu.Dropdown>
        </Menu>
      )}
      <span className="grow" />
      {editing && (
        <MassEdit
          views={views}
          ids={editing}
          isCut={editing.length === mostIds}
          onClose={() => setEditing(null)}
          onDone={selection.clear}
        />
      )}
    </>
  )
}
