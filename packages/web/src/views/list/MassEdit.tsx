import { Button, Group, Modal } from '@mantine/core'
import { useState } from 'react'
import { type KnownViews, changed, metaOf } from '../../data/views.ts'
import { widgetFor } from '../../fields/registry.ts'
import { formatInteger, formatValue } from '../../format.ts'
import { useTexts } from '../../i18n/index.ts'
import { isEmptyValue, wireValue } from '../form/wire.ts'
import { changeBack, changeMany } from './batches.ts'
import { tellOutcome } from './outcome.tsx'

interface Props {
  readonly views: KnownViews
  readonly ids: readonly number[]
  /** There are more, which are left as they are. */
  readonly isCut: boolean
  readonly onClose: () => void
  readonly onDone: () => void
}

/** One field of many records: what it will be, and in how many, is said before it is done. */
export function MassEdit({ views, ids, isCut, onClose, onDone }: Props) {
  const t = useTexts()
  const meta = metaOf(views)
  const fields = Object.values(meta.fields)
    .filter((field) => !field.readonly && widgetFor(field).Edit && !['binary', 'html'].includes(field.type) && field.name !== 'active')
    .sort((a, b) => a.string.localeCompare(b.string))
  const shown = views.views['list']?.nodes.flatMap((node) => (node.tag === 'field' ? [node.field] : [])) ?? []
  // Begins with what one sees, but for the name, which no two have in common.
  const [name, setName] = useState(() => shown.slice(1).find((one) => fields.some((field) => field.name === one)) ?? fields[0]?.name ?? '')
  const [value, setValue] = useState<unknown>(false)
  const field = meta.fields[name]
  const Edit = field && widgetFor(field).Edit
  if (!field || !Edit) return null
  const count = formatInteger(ids.length)
  const apply = async (): Promise<void> => {
    onClose()
    const { model } = views
    const { before, ...outcome } = await changeMany(ids, {
      model,
      title: t.editMany(count),
      values: { [name]: wireValue(field.type, value) },
      specification: { [name]: field.relation ? { fields: { display_name: {} } } : {} },
      wire: (row) => ({ [name]: wireValue(field.type, row[name] ?? false) }),
      gone: t.recordIsGone,
    })
    onDone()
    await changed()
    const undo = async (): Promise<void> => {
      const undone = await changeBack(model, before, t.undo)
      await changed()
      await tellOutcome(model, undone, t.undoneCount, t)
    }
    await tellOutcome(model, outcome, t.changedCount, t, before.length > 0 ? () => void undo() : undefined)
  }
  const isRefused = field.required === true && isEmptyValue(value) && field.type !== 'boolean'
  return (
    <Modal opened onClose={onClose} title={t.editMany(count)} centered closeButtonProps={{ 'aria-label': t.close }}>
      <form
        className="mass-edit"
        onSubmit={(event) => {
          event.preventDefault()
          if (!isRefused) void apply()
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
          {isCut && ` ${t.massCut}`}
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
