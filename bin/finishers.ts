import { deletionFinishers, moveFinishers, restoreFinishers, rotationFinishers, type Finished, type Finishers } from '@erp4/ops'
import { erpTasks } from './erp-tasks.ts'

/** How each kind of operation that must not be left half done is finished or undone, by `start`, the agent, and by hand. */
export const finishers: Finishers = { ...deletionFinishers, ...moveFinishers, ...restoreFinishers, ...rotationFinishers(erpTasks) }

/** One line about an operation that a killed process had left. */
export function tellFinished({ record: { kind, started }, result, error }: Finished): string {
  const what = `The ${kind} of ${started.toISOString().slice(0, 19).replace('T', ' ')} UTC, interrupted`
  if (result === 'failed') return `${what}, could not be finished: ${error?.message ?? 'unknown'}`
  return `${what}, is ${{ done: 'finished', undone: 'undone', interrupted: 'closed' }[result]}.`
}
