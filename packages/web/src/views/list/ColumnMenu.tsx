import { ActionIcon, Button, Group, Popover, Tooltip } from '@mantine/core'
import { useState } from 'react'
import { type KnownViews, metaOf } from '../../data/views.ts'
import { useTexts } from '../../i18n/index.ts'
import { IconArrowLeft, IconColumns, IconPin } from '../../ui/icons.ts'
import { tell, tellFailure } from '../../ui/notify.ts'
import type { useColumns } from './columns.ts'

/** Which columns there are and in which order; kept for this user. */
export function ColumnMenu({ views, choice }: { views: KnownViews; choice: ReturnType<typeof useColumns> }) {
  const t = useTexts()
  const [isOpen, setOpen] = useState(false)
  const chosen = choice.columns.map(({ field }) => field.name)
  const others = Object.values(metaOf(views).fields)
    .filter(({ name, type }) => !chosen.includes(name) && !['binary', 'json', 'one2many'].includes(type) && name !== 'id')
    .sort((a, b) => a.string.localeCompare(b.string))
  const copyLink = async (): Promise<void> => {
    const url = new URL(location.href)
    url.searchParams.set('columns', chosen.join(','))
    await navigator.clipboard.writeText(url.href).then(
      () => tell(t.linkCopied),
      (error: unknown) => tellFailure(error, t),
    )
  }
  return (
    <Popover opened={isOpen} onChange={setOpen} position="bottom-end" shadow="md" trapFocus withRoles>
      <Popover.Target>
        <Tooltip label={t.columns}>
          <ActionIcon variant="subtle" color="gray" c="inherit" aria-label={t.columns} onClick={() => setOpen(!isOpen)}>
            <IconColumns size={17} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown className="column-menu" aria-label={t.columns}>
        <ul>
          {choice.columns.map(({ field, shown }, i) => (
            <li key={field.name}>
              <label>
                <input type="checkbox" checked disabled={chosen.length === 1} onChange={() => choice.toggle(field.name)} />{' '}
                {shown.label ?? field.string}
              </label>
              <button
                type="button"
                className="bare pin"
                aria-pressed={i < choice.frozen}
                aria-label={i < choice.frozen ? t.unfreezeColumn(shown.label ?? field.string) : t.freezeColumn(shown.label ?? field.string)}
                disabled={i === choice.columns.length - 1}
                onClick={() => choice.freeze(i < choice.frozen ? i : i + 1)}
              >
                <IconPin size={14} aria-hidden />
              </button>
              <button
                type="button"
                className="bare up"
                aria-label={t.moveColumnLeft(shown.label ?? field.string)}
                disabled={i === 0}
                onClick={() => choice.move(field.name, -1)}
              >
                <IconArrowLeft size={14} aria-hidden />
              </button>
            </li>
          ))}
        </ul>
        <h2>{t.moreColumns}</h2>
        <ul>
          {others.map((field) => (
            <li key={field.name}>
              <label>
                <input type="checkbox" checked={false} onChange={() => choice.toggle(field.name)} /> {field.string}
              </label>
            </li>
          ))}
        </ul>
        <Group gap="xs" mt={6}>
          <Button variant="subtle" size="compact-sm" onClick={() => void copyLink()}>
            {t.linkToColumns}
          </Button>
          {choice.isChanged && (
            <Button variant="subtle" size="compact-sm" onClick={choice.reset}>
              {t.resetColumns}
            </Button>
          )}
        </Group>
      </Popover.Dropdown>
    </Popover>
  )
}
