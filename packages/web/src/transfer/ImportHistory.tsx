import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { formatValue } from '../format.ts'
import { useTexts } from '../i18n/index.ts'
import { transfer } from '../rpc.ts'
import { Empty, Failure, ListSkeleton } from '../ui/states.tsx'
import { type Open, openTransfer } from './open.ts'
import type { ImportTold } from './wire.ts'

/** Who imported what, when, and what became of it. */
export function ImportHistory({ open }: { open: Open & { what: 'history' } }) {
  const t = useTexts()
  const { data, error, refetch } = useQuery({
    queryKey: ['imports', open.model],
    queryFn: () => transfer<{ rows: ImportTold[] }>('import-history', { model: open.model }),
  })
  if (error) return <Failure error={error} retry={() => void refetch()} />
  if (!data) return <ListSkeleton />
  const start = <Button onClick={() => openTransfer({ what: 'import', model: open.model, label: open.label })}>{t.importFile}</Button>
  if (data.rows.length === 0) return <Empty title={t.noImports} hint={t.chooseFileHint} action={start} />
  return (
    <ul className="transfer-history">
      {data.rows.map((one) => (
        <li key={one.id}>
          <span>
            <strong>{one.name}</strong> — {t.importStates[one.state]}
            <br />
            <span className="hint">
              {one.user}, {formatValue({ name: 'create_date', type: 'datetime' } as never, one.create_date)}
              {' · '}
              {t.importCounts(one.created, one.updated, one.unchanged, one.failed)}
            </span>
          </span>
          <Button
            variant="default"
            size="compact-sm"
            onClick={() => openTransfer({ what: 'import', model: one.res_model, label: one.modelLabel, id: one.id })}
          >
            {t.open}
          </Button>
        </li>
      ))}
    </ul>
  )
}
