import './kanban.css'
import { Button } from '@mantine/core'
import { metaOf } from '../../data/views.ts'
import { useTexts } from '../../i18n/index.ts'
import { go } from '../../location.ts'
import { useShortcuts } from '../../shell/shortcuts.ts'
import { IconPlus } from '../../ui/icons.ts'
import type { ViewProps } from '../view-type.ts'
import { Board } from './Board.tsx'
import { Cards } from './Cards.tsx'
import { planOf } from './plan.ts'

/** Cards: in columns where they are grouped, or where the view says by what; else side by side. */
export function KanbanView(props: ViewProps) {
  const { views, by, urlOf } = props
  const t = useTexts()
  const plan = planOf(views)
  const { may } = metaOf(views)
  const column = by[0] ?? plan.stage
  const create = (): void => void go(urlOf('new'), { state: { list: location.pathname + location.search } })
  useShortcuts([
    { keys: 'alt+n', label: t.new, run: () => may.create && create() },
    { keys: '/', label: t.search, run: () => document.getElementById('search')?.focus() },
    { keys: 'arrowdown', label: t.keysRows, run: () => document.querySelector<HTMLElement>('.kard-title[tabindex="0"]')?.focus() },
  ])
  const button = may.create && (
    <Button size="compact-sm" leftSection={<IconPlus size={15} aria-hidden />} onClick={create}>
      {t.new}
    </Button>
  )
  return column ? <Board {...props} plan={plan} by={column} create={button} /> : <Cards {...props} plan={plan} create={button} />
}
