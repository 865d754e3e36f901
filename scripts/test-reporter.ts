import { inspect } from 'node:util'
import type { TestEvent } from 'node:test/reporters'

/** What a test file's process tells scripts/test.ts. */
export type Report =
  | { kind: 'failed'; name: string; at: string; why: string }
  | { kind: 'skipped'; name: string }
  | { kind: 'summary'; passed: number; failed: number }

/** Node's reporter interface: sends what matters over the process's own channel, so that the tests' output stays theirs. */
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string, void> {
  const names: string[] = []
  for await (const { type, data } of events) {
    if (type === 'test:start') names.splice(data.nesting, Infinity, data.name)
    if ((type === 'test:pass' || type === 'test:fail') && data.skip !== undefined) send({ kind: 'skipped', name: data.name })
    if (type === 'test:fail' && !isOnlyAParent(data.details.error)) {
      send({
        kind: 'failed',
        name: [...names.slice(0, data.nesting), data.name].join(' › '),
        at: `${data.file ?? ''}:${data.line ?? 0}`,
        why: reason(data.details.error),
      })
    }
    if (type === 'test:summary') {
      send({
        kind: 'summary',
        passed: data.counts.passed,
        failed: data.counts.tests - data.counts.passed - data.counts.skipped - data.counts.todo,
      })
    }
    // An async generator has to yield; this text is empty, and yields nothing to see.
    yield ''
  }
}

const send = (report: Report): void => void process.send?.(report)

const isOnlyAParent = (error: unknown): boolean => (error as { failureType?: string }).failureType === 'subtestsFailed'

/** The error that the test threw, out of Node's wrapping. */
function reason(error: Error): string {
  const { cause } = error
  return cause instanceof Error ? inspect(cause, { depth: 4 }) : typeof cause === 'string' ? cause : inspect(cause ?? error, { depth: 4 })
}
