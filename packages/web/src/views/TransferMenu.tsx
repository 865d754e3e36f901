import { ActionIcon, Menu, Tooltip } from '@mantine/core'
import { type KnownViews, metaOf } from '../../data/views.ts'
import type { Domain } from '../../domain.ts'
import { formatInteger } from '../../format.ts'
import { useTexts } from '../../i18n/index.ts'
import { useShortcuts } from '../../shell/shortcuts.ts'
import { type ShownColumn, openTransfer } from '../../transfer/open.ts'
import { IconDots } from '../../ui/icons.ts'
import type { useColumns } from './columns.ts'
import type { Selection } from './selection.ts'

interface Props {
  readonly views: KnownViews
  readonly domain: Domain
  readonly order: string
  readonly by: readonly string[]
  readonly columns: ReturnType<typeof useColumns>['columns']
  readonly context: Readonly<Record<string, unknown>>
  readonly selection: Selection
  readonly total: number | undefined
}

/** Files into the list and out of it; in the palette as well. */
export function TransferMenu({ views, domain, order, by, columns, context, selection, total }: Props) {
  const t = useTexts()
  const { model } = views
  const { label, may, fields } = metaOf(views)
  const isChosen = selection.count > 0 && !selection.isAll
  const shown = (): ShownColumn[] => {
    const groups = by.map((spec) => fields[spec.split(':')[0]!]!).map((field) => ({ path: field.name, label: field.string }))
    const own = columns.map(({ field, shown: column }) => ({ path: field.name, label: column.label ?? field.string }))
    return [...groups, ...own.filter(({ path }) => !groups.some((group) => group.path === path))]
  }
  const startExport = (): void => {
    const count = isChosen ? selection.count : total
    openTransfer({
      what: 'export',
      model,
      label,
      columns: shown(),
      domain,
      order,
      context,
      count: count === undefined ? '' : formatInteger(count),
      ...(isChosen ? { ids: [...selection.ids] } : {}),
    })
  }
  const startImport = (): void => openTransfer({ what: 'import', model, label })
  const showHistory = (): void => openTransfer({ what: 'history', model, label })
  const mayImport = may.create || may.write
  useShortcuts([
    ...(mayImport ? [{ keys: '', label: t.importInto(label), run: startImport }] : []),
    { keys: '', label: t.exportOf(label), run: startExport },
  ])
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <Tooltip label={t.filesMenu}>
          <ActionIcon variant="subtle" color="gray" c="inherit" aria-label={t.filesMenu}>
            <IconDots size={17} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        {mayImport && <Menu.Item onClick={startImport}>{t.importFile}</Menu.Item>}
        <Menu.Item onClick={startExport}>{t.exportFile}</Menu.Item>
        {mayImport && <Menu.Item onClick={showHistory}>{t.importHistory}</Menu.Item>}
      </Menu.Dropdown>
    </Menu>
  )
}
