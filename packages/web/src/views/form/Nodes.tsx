import { Tabs } from '@mantine/core'
import { memo, useMemo, useState } from 'react'
import type { ShownField, ViewNode } from '@erp4/orm/views-types'
import { holds } from '../../domain.ts'
import { formatValue } from '../../format.ts'
import { useTexts } from '../../i18n/index.ts'
import { FormField } from './FormField.tsx'
import { LinesField } from './LinesField.tsx'
import { type FormRecord, useRecord } from './record.ts'

interface Props {
  readonly record: FormRecord
  readonly nodes: readonly ViewNode[]
  readonly canWrite: boolean
  readonly focusOn?: string | undefined
}

/** The body of a form. Tabs stand together; everything else follows in its order. */
export const Nodes = memo(function Nodes({ record, nodes, canWrite, focusOn }: Props) {
  const tabs = nodes.filter((node) => node.tag === 'tab')
  return (
    <>
      {nodes.map((node, i) =>
        node.tag === 'tab' ? (
          node === tabs[0] && <TabBook key="tabs" record={record} tabs={tabs} canWrite={canWrite} />
        ) : (
          <NodeOf key={i} record={record} node={node} canWrite={canWrite} focusOn={focusOn} />
        ),
      )}
    </>
  )
})

function NodeOf({ record, node, canWrite, focusOn }: Omit<Props, 'nodes'> & { node: ViewNode }) {
  const isShown = useRecord(record, ({ values }) => !('when' in node) || !node.when || holds(node.when, values))
  if (!isShown) return null
  switch (node.tag) {
    case 'title':
      return (
        <div className="title-fields">
          {node.columns.flat().map((shown) => (
            <FormField key={shown.field} record={record} shown={shown} isTitle canWrite={canWrite} autoFocus={focusOn === shown.field} />
          ))}
        </div>
      )
    case 'columns':
      return <Columns record={record} columns={node.columns} canWrite={canWrite} focusOn={focusOn} />
    case 'field':
      return <Columns record={record} columns={[[node]]} canWrite={canWrite} focusOn={focusOn} />
    case 'group':
      return (
        <section className="group" aria-label={node.label}>
          <h2>{node.label}</h2>
          <Nodes record={record} nodes={node.nodes} canWrite={canWrite} />
        </section>
      )
    case 'lines':
      return <LinesField record={record} node={node} canWrite={canWrite} />
    case 'footer':
      return <Footer record={record} fields={node.fields} />
    default:
      return null
  }
}

function Columns({ record, columns, canWrite, focusOn }: Omit<Props, 'nodes'> & { columns: readonly (readonly ShownField[])[] }) {
  return (
    <div className="columns" data-count={columns.length}>
      {columns.map((column, i) => (
        <div key={i} className="column">
          {column.map((shown) => (
            <FormField key={shown.field} record={record} shown={shown} canWrite={canWrite} autoFocus={focusOn === shown.field} />
          ))}
        </div>
      ))}
    </div>
  )
}

function TabBook({
  record,
  tabs,
  canWrite,
}: {
  record: FormRecord
  tabs: readonly Extract<ViewNode, { tag: 'tab' }>[]
  canWrite: boolean
}) {
  const t = useTexts()
  const problems = useRecord(record, (one) => one.problems)
  const fields = useMemo(() => tabs.map((tab) => fieldsIn(tab.nodes)), [tabs])
  const [chosen, setChosen] = useState<string | null>(null)
  // By its label: it stays open where another one came before it.
  const open = wordOf(tabs.find((tab) => wordOf(tab) === chosen) ?? tabs[0]!)
  return (
    <Tabs value={open} onChange={setChosen} keepMounted={false} className="tabs">
      <Tabs.List>
        {tabs.map((tab, i) => (
          <Tabs.Tab key={tab.label} value={wordOf(tab)}>
            {tab.label}
            {fields[i]!.some((name) => problems[name] !== undefined) && (
              <span className="tab-problem" role="img" aria-label={t.hasProblems}>
                {' '}
                •
              </span>
            )}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {tabs.map((tab) => (
        <Tabs.Panel key={tab.label} value={wordOf(tab)} tabIndex={undefined}>
          <Nodes record={record} nodes={tab.nodes} canWrite={canWrite} />
        </Tabs.Panel>
      ))}
    </Tabs>
  )
}

/** A tab's label as a part of an id, which has no spaces. */
const wordOf = ({ label }: { readonly label: string }): string => label.replaceAll(/\s+/g, '_')

const fieldsIn = (nodes: readonly ViewNode[]): string[] =>
  nodes.flatMap((node) => {
    if (node.tag === 'field' || node.tag === 'lines') return [node.field]
    if (node.tag === 'columns' || node.tag === 'title') return node.columns.flat().map(({ field }) => field)
    return 'nodes' in node ? fieldsIn(node.nodes) : []
  })

/** Totals, at the end of the lines they are of. */
function Footer({ record, fields }: { record: FormRecord; fields: readonly ShownField[] }) {
  const values = useRecord(record, (one) => one.values)
  const shown = fields.filter(({ field, when }) => record.fields[field] && (!when || holds(when, values)))
  return (
    <dl className="totals" aria-live="polite">
      {shown.map(({ field: name, label }, i) => {
        const field = record.fields[name]!
        return (
          <div key={name} data-last={i === shown.length - 1 || undefined}>
            <dt>{label ?? field.string}</dt>
            <dd className="number">{formatValue(field, values[name], values)}</dd>
          </div>
        )
      })}
    </dl>
  )
}
