import type { Service } from './erp.ts'
import { failureOf } from './exit-codes.ts'
import type { HostAccess } from './hosting.ts'
import { say } from './terminal.ts'

/** What a child tells its supervisor. */
export type ChildMessage = { ready: true } | { failed: { code: string; message: string } } | { answer: unknown }
/** What the supervisor tells its child. */
export type ParentMessage = { access: unknown } | { stop: true }

/**
 * The life of `serve`, `work`, `seal` and `agent`. Under a supervisor the access comes over its channel and the process ends with it, even
 * when the supervisor was killed; started by hand, `openAccess` makes it from the home, and a signal ends it.
 */
export async function live<A = HostAccess>(openAccess: () => Promise<A>, start: (access: A) => Promise<Service>): Promise<void> {
  const isSupervised = process.send !== undefined
  const ended = isSupervised ? endOfSupervisor() : signalled()
  const state = { isReady: false }
  // While it is starting there is nothing to stop gently.
  void ended.then(() => state.isReady || process.exit(0))
  const service = await start(isSupervised ? ((await firstMessage()) as A) : await openAccess())
  state.isReady = true
  tellParent({ ready: true })
  await ended
  await service.stop()
  process.exit(0)
}

/** The life of a child that is asked one thing. */
export async function answerOnce(work: (question: unknown) => Promise<unknown>): Promise<void> {
  void endOfSupervisor().then(() => process.exit(0))
  await answerParent(await work(await firstMessage()))
  process.disconnect()
}

/** The life of a child that is asked one thing after the other, so that a later question finds it ready; it ends with its channel. */
export async function answerAll(work: (question: unknown) => Promise<unknown>): Promise<void> {
  let turn = Promise.resolve()
  process.on('message', (message: ParentMessage) => {
    if (!('access' in message)) return
    turn = turn.then(async () => tellParent({ answer: await work(message.access) })).catch(tellFailure)
  })
  await endOfSupervisor()
  process.exit(0)
}

/** Tells why, and ends: the open channel alone would keep the process. */
export function tellFailure(error: unknown): void {
  const { code, message, stack } = failureOf(error)
  say(stack ?? message)
  if (!process.connected) process.exit(1)
  process.send!({ failed: { code, message } } satisfies ChildMessage, () => process.exit(1))
}

function tellParent(message: ChildMessage): void {
  if (process.connected) process.send?.(message)
}

/** Resolves when all of it was written: a channel that is closed before drops what the pipe did not take at once. */
const answerParent = (answer: unknown): Promise<void> =>
  new Promise((resolve) => {
    if (process.connected) process.send!({ answer } satisfies ChildMessage, () => resolve())
    else resolve()
  })

function firstMessage(): Promise<unknown> {
  return new Promise((resolve) => {
    const hear = (message: ParentMessage) => {
      if (!('access' in message)) return
      process.off('message', hear)
      resolve(message.access)
    }
    process.on('message', hear)
  })
}

function endOfSupervisor(): Promise<void> {
  return new Promise((resolve) => {
    process.once('disconnect', resolve)
    process.on('message', (message: ParentMessage) => 'stop' in message && resolve())
  })
}

const signalled = (): Promise<void> =>
  new Promise((resolve) => ['SIGINT', 'SIGTERM'].forEach((name) => process.once(name, () => resolve())))
