import { IconList } from '../ui/icons.ts'
import { ListView } from './list/ListView.tsx'
import type { ViewType } from './view-type.ts'

/** Ways to look at several records, by the type that views are declared with. A new one is a component and a line here. */
export const viewTypes: Readonly<Record<string, ViewType>> = {
  list: { label: (t) => t.list, icon: IconList, View: ListView },
}
