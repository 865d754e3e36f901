import { Menu } from '@mantine/core'
import { memo } from 'react'
import { holds } from '../../domain.ts'
import { widgetFor } from '../../fields/registry.ts'
import { formatDay, formatValue, localDay } from '../../format.ts'
import { useTexts } from '../../i18n/index.ts'
import { IconArrowsMove } from '../../ui/icons.ts'
import { initials } from '../../ui/initials.ts'
import type { Row } from '../list/rows.ts'
import { nameOf } from './moves.ts'
import type { CardField, Plan } from './plan.ts'

interface Props {
  readonly row: Row
  readonly plan: Plan
  readonly model: string
  readonly url: string
  /** The one card of a board that Tab comes to; the arrows go on from it. */
  readonly isCurrent: boolean
  readonly hasCover: boolean
  /** Picked up by the keyboard, on its way, or sent back. */
  readonly state: 'held' | 'moving' | 'returned' | undefined
  /** Where it may go; empty where nowhere. */
  readonly places: readonly { readonly text: string; readonly label: string }[]
  readonly isMenuOpen: boolean
  readonly onMenu: (id: number | null) => void
  readonly onPlace: (row: Row, text: string) => void
  readonly onOpen: (row: Row) => void
  readonly onFocus: (id: number) => void
}

/** A record in a few lines. The whole card is its link; what moves it stands beside. */
export const Card = memo(function Card(props: Props) {
  const { row, plan, model, url, isCurrent, hasCover, state, places, onOpen, onFocus } = props
  const t = useTexts()
  const { title, body, cover } = plan
  const name = formatValue(title.field, row[title.field.name], row) || nameOf(row, t)
  const shown = body.filter(({ shown: { when } }) => !when || holds(when, row))
  return (
    <article className="kard" data-card={row.id} data-state={state} data-archived={row['active'] === false || undefined}>
      {cover && (
        <div className="kard-cover" aria-hidden>
          {hasCover ? (
            <img
              src={`/web/image/${model}/${row.id}/${cover}?unique=${String(row['version'] ?? '')}`}
              alt=""
              loading="lazy"
              draggable={false}
            />
          ) : (
            initials(name)
          )}
        </div>
      )}
      <div className="kard-text">
        <a
          id={`card-${row.id}`}
          className="kard-title"
          href={url}
          tabIndex={isCurrent ? 0 : -1}
          draggable={false}
          aria-describedby={places.length > 0 ? 'card-hint' : undefined}
          onFocus={() => onFocus(row.id)}
          onClick={(event) => {
            if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return
            event.preventDefault()
            onOpen(row)
          }}
        >
          {name}
        </a>
        {shown
          .filter((one) => !isFoot(one))
          .map((one) => (
            <Line key={one.field.name} {...one} row={row} />
          ))}
        {shown.some((one) => isFoot(one) && formatValue(one.field, row[one.field.name], row) !== '') && (
          <div className="kard-foot">
            {shown.filter(isFoot).map((one) => (
              <Line key={one.field.name} {...one} row={row} />
            ))}
          </div>
        )}
      </div>
      {places.length > 0 && <MoveButton {...props} name={name} />}
    </article>
  )
})

const foot = new Set(['date', 'datetime', 'monetary', 'float', 'integer'])
/** Amounts, dates and the person in charge share the last line. */
const isFoot = ({ field, shown }: CardField): boolean => !shown.widget && (foot.has(field.type) || field.relation === 'res.users')

function Line({ field, shown, row }: CardField & { row: Row }) {
  const value = row[field.name]
  // The hour is in the form: a card has room for the day.
  const text = field.type === 'datetime' && typeof value === 'string' && value ? formatDay(localDay(value)) : formatValue(field, value, row)
  if (text === '') return null
  if (field.relation === 'res.users') {
    return (
      <span className="kard-who" title={`${field.string}: ${text}`}>
        <span aria-hidden>{initials(text)}</span>
        <span className="sr">{text}</span>
      </span>
    )
  }
  const { Show } = field.type === 'many2one' ? {} : widgetFor(field, shown)
  return (
    <div className="kard-line" data-type={field.type} title={Show ? undefined : `${field.string}: ${text}`}>
      {Show && field.type !== 'char' ? <Show field={field} shown={shown} value={value} record={row} /> : text}
    </div>
  )
}

/** For whoever cannot drag, or would rather not. */
function MoveButton({ row, name, places, isCurrent, isMenuOpen, onMenu, onPlace }: Props & { name: string }) {
  const t = useTexts()
  const button = (
    <button
      type="button"
      className="bare kard-move"
      tabIndex={isCurrent ? 0 : -1}
      aria-label={t.moveCard(name)}
      title={t.moveCard(name)}
      aria-haspopup="menu"
      onPointerDown={(event) => event.stopPropagation()}
      onClick={() => onMenu(isMenuOpen ? null : row.id)}
    >
      <IconArrowsMove size={15} aria-hidden />
    </button>
  )
  if (!isMenuOpen) return button
  return (
    <Menu
      opened
      onChange={(isOpen) => !isOpen && onMenu(null)}
      position="bottom-end"
      shadow="md"
      withinPortal
      withInitialFocusPlaceholder={false}
    >
      <Menu.Target>{button}</Menu.Target>
      <Menu.Dropdown aria-label={t.moveTo(name)}>
        {places.map(({ text, label }) => (
          <Menu.Item key={text} onClick={() => onPlace(row, text)}>
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
