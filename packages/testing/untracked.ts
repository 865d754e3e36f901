import hooks, { type AsyncHook } from 'node:async_hooks'
import { inspect } from 'node:util'

// Loaded before a test file, and so before Node's test runner (`./erp4 test` does it: --import).

/**
 * Node's test runner follows every promise of the process to its end, only to name the test in which an error came up that nobody caught: an
 * eighth of the processor time of most files. Without it such an error still fails the file; it is printed here.
 */
const untracked: AsyncHook = { enable: () => untracked, disable: () => untracked }
hooks.createHook = () => untracked

const tell = (error: unknown): void => void process.stderr.write(`Nobody caught this: ${inspect(error)}\n`)
process.on('uncaughtExceptionMonitor', (error, origin) => {
  if (origin === 'uncaughtException') tell(error)
})
process.on('unhandledRejection', tell)
