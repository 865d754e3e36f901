import { Button, Group, Modal } from '@mantine/core'
import { useState } from 'react'
import type { Values } from '../../fields/widget.ts'
import { formatInteger, formatMoment, formatValue } from '../../format.ts'
import { useTexts } from '../../i18n/index.ts'
import { call } from '../../rpc.ts'
import type { Lines } from './lines.ts'
import type { FormRecord } from './record.ts'
import { isSameValue } from './wire.ts'

/** What somebody else saved while this record was being edited. */
export interface Clash {
  readonly theirs: Values
  readonly who: string
  readonly when: string
}

export async function readClash(record: FormRecord): Promise<Clash | null> {
  const [theirs, [trace]] = await Promise.all([
    record.readNow(),
    call<{ write_uid: [number, string] | false; write_date: string | false }[]>(record.model, 'get_metadata', [[record.id]]),
  ])
  if (!theirs) return null
  const { write_uid: who = false, write_date: when = false } = trace ?? {}
  return { theirs, who: who ? who[1] : '', when: when ? formatMoment(when) : '' }
}

/** Side by side, what both changed; the person takes one or the other for each field, then saves on top of what is there now. */
export function ConflictDialogue({ record, clash, onDone }: { record: FormRecord; clash: Clash; onDone: (goOn: boolean) => void }) {
  const t = useTexts()
  const both = [...record.changed].filter((name) => !isSameValue(plain(record, name, record.values), plain(record, name, clash.theirs)))
  const contested = both.filter((name) => !isSameValue(plain(record, name, record.saved), plain(record, name, clash.theirs)))
  const [theirs, setTheirs] = useState<ReadonlySet<string>>(new Set())
  const take = (name: string, isTheirs: boolean): void => {
    const next = new Set(theirs)
    if (isTheirs) next.add(name)
    else next.delete(name)
    setTheirs(next)
  }
  const done = (): void => {
    record.rebase(clash.theirs, new Set([...record.changed].filter((name) => !theirs.has(name))))
    onDone(true)
  }
  return (
    <Modal
      opened
      onClose={() => onDone(false)}
      title={t.changedMeanwhile(clash.who, clash.when)}
      size="lg"
      centered
      closeButtonProps={{ 'aria-label': t.close }}
    >
      {contested.length === 0 ? (
        <p>{t.changedElsewhere}</p>
      ) : (
        <table className="conflict">
          <thead>
            <tr>
              <th scope="col">{t.field}</th>
              <th scope="col">{t.yours}</th>
              <th scope="col">{t.theirs}</th>
            </tr>
          </thead>
          <tbody>
            {contested.map((name) => (
              <tr key={name}>
                <th scope="row">{record.fields[name]!.string}</th>
                {[false, true].map((isTheirs) => (
                  <td key={String(isTheirs)}>
                    <label>
                      <input
                        type="radio"
                        name={`take-${name}`}
                        checked={theirs.has(name) === isTheirs}
                        onChange={() => take(name, isTheirs)}
                      />{' '}
                      {shownOf(record, name, isTheirs ? clash.theirs : record.values) || <span className="soft">{t.empty}</span>}
                    </label>
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={() => onDone(false)}>
          {t.backToForm}
        </Button>
        <Button data-autofocus onClick={done}>
          {t.saveChosen}
        </Button>
      </Group>
    </Modal>
  )
}

/** Lists of lines are compared as a whole: who changed lines keeps his, or takes theirs. */
const plain = (record: FormRecord, name: string, values: Values): unknown =>
  record.lineFields.has(name) ? (values[name] as Lines).lines.map(({ id, values: line }) => [id, JSON.stringify(line)]) : values[name]

const shownOf = (record: FormRecord, name: string, values: Values): string =>
  record.lineFields.has(name)
    ? formatInteger((values[name] as Lines).lines.length)
    : formatValue(record.fields[name]!, values[name], values)
