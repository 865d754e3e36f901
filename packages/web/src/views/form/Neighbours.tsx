import { ActionIcon, Tooltip } from '@mantine/core'
import { useTexts } from '../../i18n/index.ts'
import { type Place, formatPlace, go, historyState } from '../../location.ts'
import { IconChevronLeft, IconChevronRight } from '../../ui/icons.ts'

/** To the record before or after this one in the list that it was opened from; where there is none, nothing happens. */
export function openNeighbour(place: Place, id: number | null, by: 1 | -1): void {
  const { ids = [], list } = historyState()
  const at = ids.indexOf(id ?? 0)
  const next = ids[at + by]
  if (at < 0 || next === undefined) return
  void go(formatPlace([...place.steps.slice(0, -1), { ...place.steps.at(-1)!, id: next }]), {
    replace: true,
    state: { ids, ...(list ? { list } : {}) },
  })
}

/** Where the record is among those of its list, and the way to the next. */
export function Neighbours({ id, onGo }: { id: number; onGo: (by: 1 | -1) => void }) {
  const t = useTexts()
  const { ids = [] } = historyState()
  const at = ids.indexOf(id)
  if (at < 0 || ids.length < 2) return null
  return (
    <span className="neighbours">
      <span className="soft">
        {at + 1} / {ids.length}
      </span>
      <Tooltip label={`${t.previousRecord} (Alt ←)`}>
        <ActionIcon variant="subtle" color="gray" c="inherit" aria-label={t.previousRecord} disabled={at === 0} onClick={() => onGo(-1)}>
          <IconChevronLeft size={18} aria-hidden />
        </ActionIcon>
      </Tooltip>
      <Tooltip label={`${t.nextRecord} (Alt →)`}>
        <ActionIcon
          variant="subtle"
          color="gray"
          c="inherit"
          aria-label={t.nextRecord}
          disabled={at === ids.length - 1}
          onClick={() => onGo(1)}
        >
          <IconChevronRight size={18} aria-hidden />
        </ActionIcon>
      </Tooltip>
    </span>
  )
}
