import { ActionIcon, Popover } from '@mantine/core'
import { useState } from 'react'
import { formatDay } from '../format.ts'
import { type Texts, useTexts } from '../i18n/index.ts'
import { follow, formatPlace } from '../location.ts'
import { recordWord } from '../menus.ts'
import { IconClock } from '../ui/icons.ts'
import { type Mine, useMine } from './due.tsx'

/** What the user has to do, on whatever record it is: counted in the bar, listed on demand, a click away from its record. */
export function ActivitiesMenu() {
  const t = useTexts()
  const [isOpen, setOpen] = useState(false)
  const data = useMine()
  if (!data) return null
  const { counts, activities } = data
  const due = counts.overdue + counts.today
  return (
    <Popover opened={isOpen} onChange={setOpen} position="bottom-end" shadow="md" width={340} trapFocus withRoles>
      <Popover.Target>
        <ActionIcon variant="subtle" color="gray" c="inherit" size="lg" aria-label={t.myActivities(due)} onClick={() => setOpen(!isOpen)}>
          <IconClock size={18} aria-hidden />
          {due > 0 && (
            <span className="count" aria-hidden>
              {due > 99 ? '99+' : due}
            </span>
          )}
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown className="notices" aria-label={t.activities}>
        {activities.length === 0 ? (
          <>
            <p>{t.noActivities}</p>
            <p className="soft">{t.noActivitiesHint}</p>
          </>
        ) : (
          <p className="soft small">{countsOf(counts, t)}</p>
        )}
        <ul>
          {activities.map((one) => (
            <li key={one.id} data-tone={one.due < data.today ? 'failed' : undefined}>
              <a
                {...follow(formatPlace([{ word: recordWord(one.model), id: one.res_id }]))}
                onClickCapture={() => setOpen(false)}
                className="activity-link"
              >
                <strong>{one.summary || one.type}</strong>
                <span>{`${one.label}: ${one.name}`}</span>
              </a>
              <time className="soft small" dateTime={one.due}>
                {one.due === data.today ? t.dueToday : formatDay(one.due)}
              </time>
            </li>
          ))}
        </ul>
      </Popover.Dropdown>
    </Popover>
  )
}

const countsOf = ({ overdue, today, planned }: Mine['counts'], t: Texts): string =>
  [
    [overdue, t.overdueCount],
    [today, t.todayCount],
    [planned, t.plannedCount],
  ]
    .flatMap(([n, words]) => ((n as number) > 0 ? [(words as (n: number) => string)(n as number)] : []))
    .join(' · ')
