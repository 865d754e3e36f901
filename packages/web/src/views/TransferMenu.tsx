import { ActionIcon, Menu, Tooltip } from '@mantine/core'
import type { FieldMeta, ShownField } from '@erp4/orm/views-types'
import { type KnownViews, metaOf } from '../data/views.ts'
import type { Domain } from '../domain.ts'
import { formatInteger } from '../format.ts'
import { useTexts } from '../i18n/index.ts'
import { useShortcuts } from '../shell/shortcuts.ts'
import { type ShownColumn, openTransfer } from '../transfer/open.ts'
import { IconDots } from '../ui/icons.ts'

interface Props {
  readonly views: KnownViews
  /** What is shown: the search, and whatever else narrows it. */
  readonly domain: Domain
  readonly order: string
  /** What the view shows of each record, in its order. */
  readonly columns: readonly { readonly field: FieldMeta; readonly shown?: Pick<ShownField, 'label'> }[]
  readonly context: Readonly<Record<string, unknown>>
  /** Records that were chosen; all that is shown without them. */
  readonly ids?: readonly number[] | undefined
  /** How many that is, where it is known. */
  readonly count: number | undefined
}

/** Files into what a view shows and out of it; in the palette as well. */
export function TransferMenu({ views, domain, order, columns, context, ids, count }: Props) {
  const t = useTexts()
  const { model } = views
  const { label, may } = metaOf(views)
  const shown = (): ShownColumn[] => {
    const named = columns.map(({ field, shown: column }) => ({ path: field.name, label: column?.label ?? field.string }))
    return named.filter(({ path }, i) => named.findIndex((one) => one.path === path) === i)
  }
  const startExport = (): void =>
    openTransfer({
      what: 'export',
      model,
      label,
      columns: shown(),
      domain,
      order,
      context,
      count: count === undefined ? '' : formatInteger(count),
      ...(ids ? { ids } : {}),
    })
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
