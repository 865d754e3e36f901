import { lazy } from 'react'
import { IconCalendar, IconChartBar, IconChecklist, IconKanban, IconList, IconTable } from '../ui/icons.ts'
import { ListView } from './list/ListView.tsx'
import type { ViewType } from './view-type.ts'

/**
 * Ways to look at several records, by the type that views are declared with. A new one is a component and a line here; all but the list come
 * when they are first looked at.
 */
export const viewTypes: Readonly<Record<string, ViewType>> = {
  list: { label: (t) => t.list, icon: IconList, View: ListView },
  kanban: {
    label: (t) => t.kanban,
    icon: IconKanban,
    View: lazy(async () => ({ default: (await import('./kanban/KanbanView.tsx')).KanbanView })),
  },
  calendar: {
    label: (t) => t.calendar,
    icon: IconCalendar,
    View: lazy(async () => ({ default: (await import('./calendar/CalendarView.tsx')).CalendarView })),
  },
  graph: {
    label: (t) => t.graph,
    icon: IconChartBar,
    View: lazy(async () => ({ default: (await import('./graph/GraphView.tsx')).GraphView })),
  },
  pivot: {
    label: (t) => t.pivot,
    icon: IconTable,
    View: lazy(async () => ({ default: (await import('./pivot/PivotView.tsx')).PivotView })),
  },
  activity: {
    label: (t) => t.activity,
    icon: IconChecklist,
    View: lazy(async () => ({ default: (await import('./activity/ActivityView.tsx')).ActivityView })),
  },
}
