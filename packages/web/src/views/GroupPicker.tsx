import { type KnownViews, metaOf } from '../data/views.ts'
import { useTexts } from '../i18n/index.ts'
import { groupLabel, offersOf, specOf } from '../search/facets.ts'
import { IconX } from '../ui/icons.ts'

const spans = ['day', 'week', 'month', 'quarter', 'year'] as const

interface Props {
  readonly views: KnownViews
  readonly label: string
  readonly chosen: readonly string[]
  readonly most: number
  readonly onChange: (specs: readonly string[]) => void
}

/** What is grouped by, from the outermost inwards: chips to take away, and a choice to add. */
export function GroupPicker({ views, label, chosen, most, onChange }: Props) {
  const t = useTexts()
  const offered = offersOf(views).groups.map((node) => ({ spec: specOf(node), text: node.label }))
  const others = Object.values(metaOf(views).fields)
    .filter(({ groupable }) => groupable)
    .flatMap(({ name, string, type }) =>
      type === 'date' || type === 'datetime'
        ? spans.map((span) => ({ spec: `${name}:${span}`, text: `${string} (${t.spans[span]})` }))
        : [{ spec: name, text: string }],
    )
    .filter(({ spec }) => !offered.some((one) => one.spec === spec))
    .sort((a, b) => a.text.localeCompare(b.text))
  const options = (list: readonly { spec: string; text: string }[]) =>
    list
      .filter(({ spec }) => !chosen.includes(spec))
      .map(({ spec, text }) => (
        <option key={spec} value={spec}>
          {text}
        </option>
      ))
  return (
    <div className="picker" role="group" aria-label={label}>
      <span className="soft small" aria-hidden>
        {label}
      </span>
      {chosen.map((spec) => (
        <span key={spec} className="chip" data-kind="group">
          <span>{groupLabel(spec, views, t)}</span>
          <button
            type="button"
            aria-label={t.removeFilter(groupLabel(spec, views, t))}
            onClick={() => onChange(chosen.filter((one) => one !== spec))}
          >
            <IconX size={13} aria-hidden />
          </button>
        </span>
      ))}
      {chosen.length < most && (
        <select
          className="plain-select"
          aria-label={t.addGroup(label)}
          value=""
          onChange={(event) => event.target.value !== '' && onChange([...chosen, event.target.value])}
        >
          <option value="">{t.addShort}</option>
          {offered.length > 0 && <optgroup label={t.groupBy}>{options(offered)}</optgroup>}
          <optgroup label={t.groupByOther}>{options(others)}</optgroup>
        </select>
      )}
    </div>
  )
}
