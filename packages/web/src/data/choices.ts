import { keep } from '../rpc.ts'
import { knownViews, keepViews } from './views.ts'

/** A column is dragged wider in many small steps: the last of them is what is kept. */
const pauseMs = 300

/** What is to be kept and is not yet, by what it is about. */
interface Unkept {
  readonly args: readonly unknown[]
  readonly timer: ReturnType<typeof setTimeout>
}

const unkept = new Map<string, Unkept>()
/** What is on its way, by what it is about: two at once might be taken in another order than they were sent in. */
const onTheirWay = new Map<string, { readonly done: Promise<unknown>; readonly given: AbortController }>()

/** This user's choice for a type of view of a model, as any of his devices kept it last. */
export const choiceFor = <T>(model: string, view: string): T | undefined => knownViews(model)?.choices?.[view] as T | undefined

/** Keeps a choice on the server, for all devices of this user; null forgets it. The one that was made last is the one that is kept. */
export function keepChoice(model: string, view: string, choice: unknown): void {
  const views = knownViews(model)
  if (views) keepViews(views, { ...views, choices: { ...views.choices, [view]: choice ?? undefined } })
  const key = `${model} ${view}`
  clearTimeout(unkept.get(key)?.timer)
  const timer = setTimeout(() => void sendNext(key), pauseMs)
  unkept.set(key, { args: [model, view, choice], timer })
}

/** Sends what waits, when what was sent before it has arrived. */
async function sendNext(key: string): Promise<void> {
  await onTheirWay.get(key)?.done
  if (!onTheirWay.has(key)) send(key)
}

function send(key: string): void {
  const one = unkept.get(key)
  if (!one) return
  clearTimeout(one.timer)
  unkept.delete(key)
  const given = new AbortController()
  // Where it cannot be kept it lasts until the page is left: nothing that anybody should be stopped for.
  const done = keep(one.args, given.signal)
    .catch(() => {})
    .finally(() => {
      if (onTheirWay.get(key)?.given === given) onTheirWay.delete(key)
    })
  onTheirWay.set(key, { done, given })
}

// The page may be gone in a moment, and then nothing waits any more: what is on its way is taken back for what came after it.
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState !== 'hidden') return
  for (const key of unkept.keys()) {
    onTheirWay.get(key)?.given.abort()
    send(key)
  }
})
