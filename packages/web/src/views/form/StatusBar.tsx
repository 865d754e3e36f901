import type { ButtonNode, ViewNode } from '@erp4/orm/views-types'
import { holds } from '../../domain.ts'
import { useTexts } from '../../i18n/index.ts'
import { confirm } from '../../ui/confirm.tsx'
import { Hindered, hindrance } from './Hindered.tsx'
import { type FormRecord, useRecord } from './record.ts'

interface StatusBarProps {
  readonly record: FormRecord
  readonly node: Extract<ViewNode, { tag: 'statusbar' }>
  /** Those of the header, which say when a step can be taken. */
  readonly buttons: readonly ButtonNode[]
  readonly onRun: (method: string, question?: string) => void
}

/**
 * Where in its life the record is, and which steps can be taken from there. Steps that are not always shown appear while the record is
 * there.
 */
export function StatusBar({ record, node, buttons, onRun }: StatusBarProps) {
  const field = record.fields[node.field]
  const value = useRecord(record, ({ values }) => values[node.field])
  const steps = field?.selection?.filter(([key]) => !node.states || node.states.includes(key) || key === value) ?? []
  if (!field || steps.length === 0) return null
  const now = field.selection!.find(([key]) => key === value)?.[1] ?? ''
  return (
    <ol className="statusbar" aria-label={field.string}>
      {steps.map(([key, label]) => (
        <li key={key} aria-current={key === value ? 'step' : undefined}>
          {key === value || !node.moves ? (
            label
          ) : (
            <Step
              record={record}
              label={label}
              now={now}
              ways={buttons.filter(({ method }) => method === node.moves![key])}
              isWay={key in node.moves}
              onRun={onRun}
            />
          )}
        </li>
      ))}
    </ol>
  )
}

interface StepProps {
  readonly record: FormRecord
  readonly label: string
  /** The step at which the record is. */
  readonly now: string
  /** The buttons that lead here. */
  readonly ways: readonly ButtonNode[]
  /** Some action leads here; without `ways` it is not for this user. */
  readonly isWay: boolean
  readonly onRun: (method: string, question?: string) => void
}

function Step({ record, label, now, ways, isWay, onRun }: StepProps) {
  const t = useTexts()
  const method = useRecord(record, ({ values, id }) => (id === null ? -1 : ways.findIndex(({ when }) => holds(when, values))))
  const way = ways[method]
  const why = useRecord(record, ({ values, id }) => {
    if (id === null) return t.stepUnsaved
    if (way) return hindrance(way, values)
    return isWay && ways.length === 0 ? t.stepNotYours : t.stepNotFrom(now)
  })
  const take = async (): Promise<void> => {
    // A button says what it does; a step is easily touched. Where the button asks, its question is enough.
    if (way && (way.confirm || (await confirm(t.stepQuestion(label), '', way.label)))) onRun(way.method, way.confirm)
  }
  return (
    <Hindered why={why} onClick={() => void take()}>
      {(how) => (
        <button type="button" {...how}>
          {label}
        </button>
      )}
    </Hindered>
  )
}
