import { Popover } from '@mantine/core'
import { useState } from 'react'
import { formatInteger } from '../../format.ts'
import { useTexts } from '../../i18n/index.ts'

interface Props {
  readonly label: string
  readonly count: number
  readonly limit: number | undefined
  /** Null takes the limit away. */
  readonly onLimit: (limit: number | null) => void
}

/** How many cards are in a column, and how many there should be at most: the way to say so. */
export function ColumnCount({ label, count, limit, onLimit }: Props) {
  const t = useTexts()
  const [typed, setTyped] = useState<string | null>(null)
  const close = (): void => {
    if (typed === null) return
    const next = Math.floor(Number(typed))
    setTyped(null)
    if (typed.trim() === '') onLimit(null)
    else if (next > 0 && next < 100_000) onLimit(next)
  }
  const says = limit === undefined ? formatInteger(count) : `${formatInteger(count)} / ${formatInteger(limit)}`
  return (
    <Popover opened={typed !== null} onChange={(isOpen) => !isOpen && close()} position="bottom-start" shadow="md" trapFocus withRoles>
      <Popover.Target>
        <button
          type="button"
          className="board-count"
          aria-label={t.limitOf(label, says)}
          title={limit === undefined ? t.setLimit : t.limitIs(limit)}
          onClick={() => (typed === null ? setTyped(String(limit ?? '')) : close())}
        >
          {says}
        </button>
      </Popover.Target>
      <Popover.Dropdown aria-label={t.setLimit}>
        <label className="board-limit">
          <span className="label">{t.limitLabel}</span>
          <input
            className="input"
            type="number"
            min={1}
            max={99_999}
            value={typed ?? ''}
            data-autofocus
            onChange={(event) => setTyped(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === 'Enter') close()
            }}
          />
        </label>
        <p className="soft small">{t.limitHint}</p>
      </Popover.Dropdown>
    </Popover>
  )
}
