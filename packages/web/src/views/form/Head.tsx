import { Button, Group } from '@mantine/core'
import type { ButtonNode, ViewNode } from '@erp4/orm/views-types'
import { holds } from '../../domain.ts'
import { Hindered, hindrance } from './Hindered.tsx'
import { type FormRecord, useRecord } from './record.ts'
import { StatusBar } from './StatusBar.tsx'

interface HeadProps {
  readonly record: FormRecord
  readonly nodes: readonly ViewNode[]
  readonly onRun: (method: string, question?: string) => void
}

/** What one does with the record, and where in its life it is. */
export function Head({ record, nodes, onRun }: HeadProps) {
  const buttons = nodes.filter((node) => node.tag === 'button')
  return (
    <div className="form-head">
      <Group gap="xs">
        {buttons.map((node, i) => (
          <HeadButton key={i} record={record} node={node} onRun={() => onRun(node.method, node.confirm)} />
        ))}
      </Group>
      {nodes.map(
        (node, i) => node.tag === 'statusbar' && <StatusBar key={i} record={record} node={node} buttons={buttons} onRun={onRun} />,
      )}
    </div>
  )
}

function HeadButton({ record, node, onRun }: { record: FormRecord; node: ButtonNode; onRun: () => void }) {
  const isShown = useRecord(record, ({ values, id }) => id !== null && holds(node.when, values))
  const why = useRecord(record, ({ values }) => hindrance(node, values))
  if (!isShown) return null
  return (
    <Hindered why={why} onClick={onRun}>
      {(how) => (
        <Button size="compact-sm" variant={node.primary ? 'filled' : 'default'} {...how} {...(why === '' ? {} : { 'data-disabled': true })}>
          {node.label}
        </Button>
      )}
    </Hindered>
  )
}
