import type { FieldMeta } from '@erp4/orm/views-types'
import type { Linked } from '../fields/links.ts'
import { NamePicker } from '../fields/many2one.tsx'
import { IconX } from '../ui/icons.ts'
import type { Reader } from './letter.ts'
import { words } from './texts.ts'

interface Props {
  readonly id: string
  readonly to: readonly Linked[]
  /** What is known of them by now. */
  readonly readers: readonly Reader[]
  readonly onChange: (to: readonly Linked[]) => void
}

const field: FieldMeta = { name: 'partner_ids', type: 'many2many', string: words.to, relation: 'res.partner' }

/** Who gets the letter: each with his address, and with a way to leave him out. */
export function Recipients({ id, to, readers, onChange }: Props) {
  return (
    <div className="letter-to">
      {to.map(({ id: partner, display_name: name }) => {
        const reader = readers.find((one) => one.id === partner)
        return (
          <span key={partner} className="tag" data-bad={(reader && !reader.email) || undefined}>
            <span>
              {name} <span className="letter-address">{reader && (reader.email || words.noAddress)}</span>
            </span>
            <button type="button" aria-label={words.removeRecipient(name)} onClick={() => onChange(to.filter((one) => one.id !== partner))}>
              <IconX size={12} aria-hidden />
            </button>
          </span>
        )
      })}
      <NamePicker
        edit={{
          field,
          shown: { tag: 'field', field: field.name },
          id,
          value: false,
          record: {},
          required: false,
          onChange: () => undefined,
        }}
        shownName=""
        placeholder={words.addRecipient}
        without={new Set(to.map((one) => one.id))}
        onPick={(one) => onChange([...to, one])}
      />
    </div>
  )
}
