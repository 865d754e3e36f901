import { useTexts } from '../i18n/index.ts'
import { IconX } from '../ui/icons.ts'
import type { Linked } from './links.ts'
import { NamePicker } from './many2one.tsx'
import type { EditProps, FieldWidget, ShowProps } from './widget.ts'

const linksOf = (value: unknown): readonly Linked[] =>
  Array.isArray(value) ? value.filter((one): one is Linked => typeof one === 'object' && one !== null) : []

function TagsEdit(props: EditProps) {
  const { value, onChange, field } = props
  const t = useTexts()
  const linked = linksOf(value)
  return (
    <div className="tags-edit">
      {linked.map((one) => (
        <span key={one.id} className="tag" data-color={(one.color ?? 0) % 8}>
          {one.display_name}
          <button
            type="button"
            aria-label={t.removeTag(one.display_name)}
            onClick={() => onChange(linked.filter(({ id }) => id !== one.id))}
          >
            <IconX size={12} aria-hidden />
          </button>
        </span>
      ))}
      <NamePicker
        edit={props}
        shownName=""
        placeholder={linked.length === 0 ? t.addTo(field.string) : ''}
        without={new Set(linked.map(({ id }) => id))}
        onPick={(one) => onChange([...linked, one])}
        onPickMany={(some) => onChange([...linked, ...some])}
      />
    </div>
  )
}

function TagsShow({ value }: ShowProps) {
  const t = useTexts()
  const linked = linksOf(value)
  if (linked.length === 0) return null
  const [first, more] = [linked.slice(0, 4), linked.length - 4]
  return (
    <span className="tags">
      {first.map((one) => (
        <span key={one.id} className="tag" data-color={(one.color ?? 0) % 8}>
          {one.display_name}
        </span>
      ))}
      {more > 0 && <span className="soft">{t.andMore(more)}</span>}
    </span>
  )
}

export const tags: FieldWidget = { Edit: TagsEdit, Show: TagsShow }
