import { ActionIcon, Tooltip } from '@mantine/core'
import { useEffect, useState } from 'react'
import { formatInteger } from '../format.ts'
import { useTexts } from '../i18n/index.ts'
import { IconChevronLeft, IconChevronRight } from '../ui/icons.ts'
import { tellFailure } from '../ui/notify.ts'
import { countExactly, countedTo, pageSize } from './list/rows.ts'
import type { ViewProps } from './view-type.ts'

/** Which rows of how many, and to the next ones. Where there are more than the server counts, a click counts them. */
export function Pager({
  views,
  domain,
  look,
  setLook,
  total,
}: Pick<ViewProps, 'views' | 'domain' | 'look' | 'setLook'> & { total: number }) {
  const t = useTexts()
  const [exact, setExact] = useState<number | null>(null)
  useEffect(() => setExact(null), [domain])
  if (total === 0) return null
  const pages = Math.ceil(total / pageSize)
  const from = look.page * pageSize
  return (
    <span className="pager" aria-live="polite">
      <span>
        {formatInteger(from + 1)}–{formatInteger(Math.min(from + pageSize, total))} {t.pagerOf}{' '}
        {total >= countedTo && exact === null ? (
          <button
            type="button"
            className="link"
            title={t.countExactly}
            onClick={() => void countExactly(views.model, domain).then(setExact, (error: unknown) => tellFailure(error, t))}
          >
            {formatInteger(countedTo - 1)}+
          </button>
        ) : (
          formatInteger(exact ?? total)
        )}
      </span>
      {(pages > 1 || look.page > 0) && (
        <>
          <Tooltip label={t.previousPage}>
            <ActionIcon
              variant="subtle"
              color="gray"
              c="inherit"
              aria-label={t.previousPage}
              disabled={look.page === 0}
              onClick={() => setLook({ page: look.page - 1 })}
            >
              <IconChevronLeft size={18} aria-hidden />
            </ActionIcon>
          </Tooltip>
          <Tooltip label={t.nextPage}>
            <ActionIcon
              variant="subtle"
              color="gray"
              c="inherit"
              aria-label={t.nextPage}
              disabled={look.page + 1 >= pages && total < countedTo}
              onClick={() => setLook({ page: look.page + 1 })}
            >
              <IconChevronRight size={18} aria-hidden />
            </ActionIcon>
          </Tooltip>
        </>
      )}
    </span>
  )
}
