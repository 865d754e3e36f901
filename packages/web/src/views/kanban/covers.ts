import { useQuery } from '@tanstack/react-query'
import { call } from '../../rpc.ts'
import type { Row } from '../list/rows.ts'

const none: ReadonlySet<number> = new Set()

/** Which of the records have a picture: the others are not asked for one that is not there. */
export function useCovers(model: string, cover: string | undefined, rows: readonly Row[]): ReadonlySet<number> {
  const ids = rows.map(({ id }) => id)
  const { data = none } = useQuery({
    queryKey: ['covers', model, cover, ids],
    queryFn: async () =>
      new Set(
        await call<number[]>(
          model,
          'search',
          [
            [
              ['id', 'in', ids],
              [cover, '!=', false],
            ],
          ],
          { context: { active_test: false } },
        ),
      ),
    enabled: cover !== undefined && ids.length > 0,
    staleTime: 60_000,
    placeholderData: (before) => before,
  })
  return data
}
