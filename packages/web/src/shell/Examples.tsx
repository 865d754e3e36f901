import { Button, Group, Modal } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { changed } from '../data/views.ts'
import { note } from '../data/notices.ts'
import { formatInteger } from '../format.ts'
import { useTexts } from '../i18n/index.ts'
import { formatPlace } from '../location.ts'
import { recordWord } from '../menus.ts'
import { call } from '../rpc.ts'
import { tell, tellFailure } from '../ui/notify.ts'
import { tellEnd } from '../ui/run.tsx'

/** What the server says of the examples (apps/base/demo-removal.ts). */
interface Report {
  readonly counts: readonly { readonly model: string; readonly label: string; readonly count: number }[]
  readonly used: readonly Used[]
}

interface Used {
  readonly model: string
  readonly id: number
  readonly name: string
  readonly by: string
}

/** For administrators, while there are examples: what they are, and the way to be rid of them. */
export function Examples() {
  const t = useTexts()
  const [report, setReport] = useState<Report | null>(null)
  const [isBusy, setBusy] = useState(false)
  const { data: count = 0 } = useQuery({
    queryKey: ['examples'],
    queryFn: () => call<number>('ir.model.data', 'search_count', [[['demo', '=', true]]]),
  })
  const run = async (work: () => Promise<void>): Promise<void> => {
    setBusy(true)
    try {
      await work()
    } catch (error) {
      tellFailure(error, t)
    } finally {
      setBusy(false)
    }
  }
  const look = (): Promise<void> => run(async () => setReport(await call<Report>('ir.model.data', 'report_examples')))
  const remove = (): Promise<void> =>
    run(async () => {
      const { removed, kept } = await call<{ removed: number; kept: Used[] }>('ir.model.data', 'remove_examples')
      setReport(null)
      const text = t.examplesRemoved(formatInteger(removed))
      note({ text, tone: 'done', isRead: true })
      if (kept.length > 0) tellEnd({ title: text, body: <UsedList used={kept} /> })
      else tell(text)
      await changed()
    })
  if (count === 0) return null
  const total = report?.counts.reduce((sum, one) => sum + one.count, 0) ?? 0
  const going = total - (report?.used.length ?? 0)
  return (
    <section className="first examples">
      <header>
        <h2>{t.examplesHere}</h2>
        <span className="soft">{t.examplesHint}</span>
        <span className="grow" />
        <Button size="compact-sm" variant="default" loading={isBusy && !report} onClick={() => void look()}>
          {t.removeExamples}
        </Button>
      </header>
      <Modal
        opened={report !== null}
        onClose={() => setReport(null)}
        title={t.removeExamplesTitle}
        size="lg"
        centered
        closeButtonProps={{ 'aria-label': t.close }}
      >
        {report && (
          <>
            <p>{t.examplesAre}</p>
            <ul className="counts">
              {report.counts.map(({ model, label, count: n }) => (
                <li key={model}>
                  <span>{label}</span>
                  <span className="number">{formatInteger(n)}</span>
                </li>
              ))}
            </ul>
            {report.used.length > 0 && <UsedList used={report.used} />}
            <Group justify="flex-end" gap="xs" mt="lg">
              <Button variant="default" onClick={() => setReport(null)}>
                {t.cancel}
              </Button>
              <Button
                data-autofocus
                color="red.9"
                c="#fff"
                data-danger
                loading={isBusy}
                disabled={going === 0}
                onClick={() => void remove()}
              >
                {t.removeN(formatInteger(going))}
              </Button>
            </Group>
          </>
        )}
      </Modal>
    </section>
  )
}

function UsedList({ used }: { used: readonly Used[] }) {
  const t = useTexts()
  return (
    <>
      <p>{t.examplesStay(formatInteger(used.length))}</p>
      <ul className="refused">
        {used.map(({ model, id, name, by }) => (
          <li key={`${model},${id}`}>
            <a href={formatPlace([{ word: recordWord(model), id }])}>{name || `#${id}`}</a>
            <span className="soft">{t.usedBy(by)}</span>
          </li>
        ))}
      </ul>
    </>
  )
}
