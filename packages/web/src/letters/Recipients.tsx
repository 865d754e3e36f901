import type { FieldMeta } from '@erp4/orm/views-types'
import type { Linked } from '../fields/links.ts'
import { NamePicker } from '../fields/many2one.tsx'
import { IconX } from '../ui/icons.ts'
import type { Reader } from './letter.ts'
import { words } from './texts.ts'

interface Props {
  readonly id: string
  readonly recipients: readonly Reader[]
  readonly onChange: (to: readonly Linked[]) => void
}

const field: FieldMeta = { name: 'partner_ids', type: 'many2many', string: words.to, relation: 'res.partner' }

/** Who gets the letter: each with his address, and with a way to leave him out. */
export function Recipients({ id, recipients, onChange }: Props) {
  const linked = recipients.map((one): Linked => ({ id: one.id, display_name: one.name }))
  return (
    <div className="letter-to">
      {recipients.map(({ id: partner, name, email }) => (
        <span key={partner} className="tag" data-bad={!email || undefined}>
          <span>
            {name} <span className="letter-address">{email || words.noAddress}</span>
          </span>
          <button
            type="button"
            aria-label={words.removeRecipient(name)}
            onClick={() => onChange(linked.filter((one) => one.id !== partner))}
          >
            <IconX size={12} aria-hidden />
          </button>
        </span>
      ))}
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
        without={new Set(recipients.map((one) => one.id))}
        onPick={(one) => onChange([...linked, one])}
      />
    </div>
  )
}
