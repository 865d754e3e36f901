import { Button, Group, Modal } from '@mantine/core'
import { useState } from 'react'
import { type KnownViews, metaOf } from '../../data/views.ts'
import { widgetFor } from '../../fields/registry.ts'
import { formatValue } from '../../format.ts'
import { useTexts } from '../../i18n/index.ts'
import { isEmptyValue, wireValue } from '../form/wire.ts'

interface Props {
  readonly views: KnownViews
  readonly count: string
  readonly onClose: () => void
  readonly onApply: (values: Readonly<Record<string, unknown>>) => void
}

/** One field of many records: what it will be, and in how many, is said before it is done. */
export function MassEdit({ views, count, onClose, onApply }: Props) {
  const t = useTexts()
  const meta = metaOf(views)
  const fields = Object.values(meta.fields)
    .filter((field) => !field.readonly && widgetFor(field).Edit && !['binary', 'html'].includes(field.type) && field.name !== 'active')
    .sort((a, b) => a.string.localeCompare(b.string))
  const [name, setName] = useState(fields[0]?.name ?? '')
  const [value, setValue] = useState<unknown>(false)
  const field = meta.fields[name]
  const Edit = field && widgetFor(field).Edit
  if (!field || !Edit) return null
  const isRefused = field.required === true && isEmptyValue(value) && field.type !== 'boolean'
  return (
    <Modal opened onClose={onClose} title={t.editMany(count)} centered closeButtonProps={{ 'aria-label': t.close }}>
      <form
        className="mass-edit"
        onSubmit={(event) => {
          event.preventDefault()
          if (!isRefused) onApply({ [name]: wireValue(field.type, value) })
        }}
      >
        <label className="label" htmlFor="mass-field">
          {t.field}
        </label>
        <select
          id="mass-field"
          className="input"
          value={name}
          onChange={(event) => {
            setName(event.target.value)
            setValue(meta.fields[event.target.value]?.type === 'many2many' ? [] : false)
          }}
        >
          {fields.map((one) => (
            <option key={one.name} value={one.name}>
              {one.string}
            </option>
          ))}
        </select>
        <label className="label" htmlFor="mass-value">
          {t.newValue}
        </label>
        <div className="value">
          <Edit
            key={name}
            field={field}
            shown={{ tag: 'field', field: name }}
            value={value}
            record={{}}
            id="mass-value"
            required={field.required === true}
            onChange={setValue}
          />
        </div>
        <p className="preview" role="status">
          {t.massPreview(count, field.string, formatValue(field, value) || t.empty)}
        </p>
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t.cancel}
          </Button>
          <Button type="submit" disabled={isRefused}>
            {t.changeMany(count)}
          </Button>
        </Group>
      </form>
    </Modal>
  )
}
