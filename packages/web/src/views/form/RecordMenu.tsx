import { ActionIcon, Menu } from '@mantine/core'
import type { May } from '../../data/form.ts'
import { changed, changedInForm, metaOf } from '../../data/views.ts'
import { useTexts } from '../../i18n/index.ts'
import { type Place, formatPlace, go, historyState } from '../../location.ts'
import { recordWord } from '../../menus.ts'
import { call } from '../../rpc.ts'
import { askWhy, managesUsers } from '../../settings/screens.ts'
import { confirm } from '../../ui/confirm.tsx'
import { IconArchive, IconCopy, IconDots, IconLink, IconPrinter, IconRestore, IconTrash, IconUndo, IconUser } from '../../ui/icons.ts'
import { tell, tellFailure } from '../../ui/notify.ts'
import type { FormRecord } from './record.ts'

/** What one does with a record as a whole. */
export function RecordMenu({
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
        await changedInForm()
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
  const copyLink = (): Promise<void> =>
    run(
      () => navigator.clipboard.writeText(location.origin + formatPlace([{ word: recordWord(record.model), id: record.id! }])),
      t.linkCopied,
    )
  const print = async (): Promise<void> => {
    const name = encodeURIComponent(`${String(record.saved['display_name'] || meta.label)}.pdf`)
    open(`/web/paper/${record.model}/${record.id}/${name}`, '_blank', 'noopener')
  }
  const why = (): Promise<void> => askWhy({ model: record.model, id: record.id!, name: String(record.saved['display_name'] || '') })
  const items = [
    ...(undo ? [{ label: t.undoSave, icon: IconUndo, run: undo }] : []),
    ...(meta.hasActive && may.write && active !== false ? [{ label: t.archive, icon: IconArchive, run: archive(true) }] : []),
    ...(meta.hasActive && may.write && active === false ? [{ label: t.restore, icon: IconRestore, run: archive(false) }] : []),
    ...(meta.hasPaper ? [{ label: t.print, icon: IconPrinter, run: print }] : []),
    { label: t.copyLink, icon: IconLink, run: copyLink },
    ...(meta.may.create ? [{ label: t.duplicate, icon: IconCopy, run: duplicate }] : []),
    ...(may.unlink ? [{ label: t.delete, icon: IconTrash, run: remove }] : []),
    ...(managesUsers && record.id !== null ? [{ label: t.whyMenu, icon: IconUser, run: why }] : []),
  ]
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
