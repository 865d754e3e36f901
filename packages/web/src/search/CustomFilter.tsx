import { Button, Group } from '@mantine/core'
import { useState } from 'react'
import type { FieldMeta } from '@erp4/orm/views-types'
import { type KnownViews, metaOf } from '../data/views.ts'
import { all, any } from '../domain.ts'
import { formatDay, parseNumber } from '../format.ts'
import { type Texts, useTexts } from '../i18n/index.ts'
import { IconPlus, IconX } from '../ui/icons.ts'
import { type Facet, offersOf } from './facets.ts'

type Operator = 'has' | 'hasNot' | 'is' | 'isNot' | 'above' | 'below' | 'set' | 'unset' | 'yes' | 'no'

interface Row {
  readonly field: string
  readonly operator: Operator
  readonly value: string
}

const numbers = new Set(['integer', 'float', 'monetary'])
const times = new Set(['date', 'datetime'])

const operatorsOf = ({ type }: FieldMeta): readonly Operator[] => {
  if (type === 'boolean') return ['yes', 'no']
  if (type === 'selection') return ['is', 'isNot', 'set', 'unset']
  if (numbers.has(type)) return ['is', 'isNot', 'above', 'below']
  if (times.has(type)) return ['above', 'below', 'set', 'unset']
  if (type === 'char' || type === 'text') return ['has', 'hasNot', 'is', 'set', 'unset']
  return ['has', 'hasNot', 'set', 'unset']
}

const needsValue = (operator: Operator): boolean => !['set', 'unset', 'yes', 'no'].includes(operator)

/** Conditions of the person's own, joined by "and" or "or", which become one chip. */
export function CustomFilter({ views, onDone }: { views: KnownViews; onDone: (facet: Facet | null) => void }) {
  const t = useTexts()
  const fields = Object.values(metaOf(views).fields)
    .filter(({ searchable, type, name }) => searchable && !['binary', 'html', 'one2many', 'json'].includes(type) && name !== 'id')
    .sort((a, b) => a.string.localeCompare(b.string))
  const searched = offersOf(views).fields.map(({ name }) => name)
  const first = fields.find(({ name }) => name === searched[0]) ?? fields[0]!
  const blank: Row = { field: first.name, operator: operatorsOf(first)[0]!, value: '' }
  const [rows, setRows] = useState<readonly Row[]>([blank])
  const [isAny, setAny] = useState(false)
  const byName = metaOf(views).fields
  const set = (i: number, change: Partial<Row>): void => setRows(rows.map((row, at) => (at === i ? { ...row, ...change } : row)))
  const isComplete = rows.every((row) => !needsValue(row.operator) || termOf(byName[row.field]!, row) !== null)

  const done = (): void => {
    const terms = rows.map((row) => [termOf(byName[row.field]!, row)])
    const label = rows.map((row) => sentence(byName[row.field]!, row, t)).join(` ${isAny ? t.or : t.and} `)
    onDone({ where: isAny ? any(terms) : all(...terms), label })
  }

  return (
    <form
      className="custom-filter"
      onSubmit={(event) => {
        event.preventDefault()
        if (isComplete) done()
      }}
    >
      {rows.length > 1 && (
        <select
          className="plain-select"
          aria-label={t.match}
          value={isAny ? 'any' : 'all'}
          onChange={(event) => setAny(event.target.value === 'any')}
        >
          <option value="all">{t.matchAll}</option>
          <option value="any">{t.matchAny}</option>
        </select>
      )}
      {rows.map((row, i) => (
        <div key={i} className="custom-row">
          <select
            className="plain-select"
            aria-label={t.field}
            value={row.field}
            onChange={(event) => set(i, { field: event.target.value, operator: operatorsOf(byName[event.target.value]!)[0]!, value: '' })}
          >
            {fields.map(({ name, string }) => (
              <option key={name} value={name}>
                {string}
              </option>
            ))}
          </select>
          <select
            className="plain-select"
            aria-label={t.comparison}
            value={row.operator}
            onChange={(event) => set(i, { operator: event.target.value as Operator })}
          >
            {operatorsOf(byName[row.field]!).map((operator) => (
              <option key={operator} value={operator}>
                {t.operators[operator]}
              </option>
            ))}
          </select>
          {needsValue(row.operator) && <Value field={byName[row.field]!} value={row.value} onChange={(value) => set(i, { value })} />}
          {rows.length > 1 && (
            <button type="button" className="bare" aria-label={t.removeCondition} onClick={() => setRows(rows.filter((_, at) => at !== i))}>
              <IconX size={14} aria-hidden />
            </button>
          )}
        </div>
      ))}
      <Button
        size="compact-sm"
        variant="subtle"
        className="add-condition"
        leftSection={<IconPlus size={14} aria-hidden />}
        onClick={() => setRows([...rows, blank])}
      >
        {t.addCondition}
      </Button>
      <Group gap="xs">
        <Button size="compact-sm" type="submit" disabled={!isComplete}>
          {t.apply}
        </Button>
        <Button size="compact-sm" variant="default" onClick={() => onDone(null)}>
          {t.cancel}
        </Button>
      </Group>
    </form>
  )
}

function Value({ field, value, onChange }: { field: FieldMeta; value: string; onChange: (value: string) => void }) {
  const t = useTexts()
  if (field.selection) {
    return (
      <select className="plain-select" aria-label={t.value} value={value} onChange={(event) => onChange(event.target.value)}>
        <option value="" />
        {field.selection.map(([key, label]) => (
          <option key={key} value={key}>
            {label}
          </option>
        ))}
      </select>
    )
  }
  return (
    <input
      className="plain-input"
      aria-label={t.value}
      type={times.has(field.type) ? 'date' : 'text'}
      inputMode={numbers.has(field.type) ? 'decimal' : 'text'}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    />
  )
}

const wire = { has: 'ilike', hasNot: 'not ilike', is: '=', isNot: '!=', above: '>=', below: '<=' } as const

/** The condition as the server takes it; null while its value is missing or no value of that field. */
function termOf(field: FieldMeta, { operator, value }: Row): unknown {
  switch (operator) {
    case 'set':
      return [field.name, '!=', false]
    case 'unset':
      return [field.name, '=', false]
    case 'yes':
    case 'no':
      return [field.name, '=', operator === 'yes']
    default: {
      if (value.trim() === '') return null
      if (!numbers.has(field.type)) return [field.name, wire[operator], value]
      const number = parseNumber(value)
      return number === undefined ? null : [field.name, wire[operator], number]
    }
  }
}

function sentence(field: FieldMeta, { operator, value }: Row, t: Texts): string {
  const shown = field.selection?.find(([key]) => key === value)?.[1] ?? (times.has(field.type) && value !== '' ? formatDay(value) : value)
  return needsValue(operator) ? `${field.string} ${t.operators[operator]} ${shown}` : `${field.string} ${t.operators[operator]}`
}
