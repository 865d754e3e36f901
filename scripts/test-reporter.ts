import type { TestEvent } from 'node:test/reporters'
import { inspect } from 'node:util'

/** What a test file's process tells scripts/test.ts. */
export type Report =
  | { kind: 'begun'; name: string }
  | { kind: 'ended' }
  | { kind: 'passed' }
  | { kind: 'failed'; name: string; at: string; why: string }
  | { kind: 'skipped'; name: string }

/** Node's reporter interface: sends what matters over the process's own channel, so that the tests' output stays theirs. */
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string, void> {
  const names: string[] = []
  for await (const { type, data } of events) {
    // These two come when they happen, the others in the order of the file.
    if (type === 'test:dequeue') send({ kind: 'begun', name: data.name })
    if (type === 'test:complete') send({ kind: 'ended' })
    if (type === 'test:start') names.splice(data.nesting, Infinity, data.name)
    if (type === 'test:pass' || type === 'test:fail') {
      if (data.skip !== undefined || data.todo !== undefined) send({ kind: 'skipped', name: data.name })
      else if (type === 'test:pass' && data.details.type !== 'suite') send({ kind: 'passed' })
    }
    if (type === 'test:fail' && !isOnlyAParent(data.details.error)) {
      const name = [...names.slice(0, data.nesting), data.name].join(' › ')
      send({ kind: 'failed', name, at: `${data.file ?? ''}:${data.line ?? 0}`, why: reason(data.details.error) })
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
  return typeof cause === 'string' ? cause : inspect(cause ?? error, { depth: 4 })
}
