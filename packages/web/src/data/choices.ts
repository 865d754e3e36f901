import { call } from '../rpc.ts'
import { knownViews, keepViews } from './views.ts'

/** A column is dragged wider in many small steps: the last of them is what is kept. */
const pauseMs = 300

const waiting = new Map<string, ReturnType<typeof setTimeout>>()
const unsent = new Map<string, () => void>()
/** What is on its way, by what it is about: two at once might be taken in another order than they were sent in. */
const onTheirWay = new Map<string, Promise<unknown>>()

/** This user's choice for a type of view of a model, as any of his devices kept it last. */
export const choiceFor = <T>(model: string, view: string): T | undefined => knownViews(model)?.choices?.[view] as T | undefined

/** Keeps a choice on the server, for all devices of this user; null forgets it. The one that was made last is the one that is kept. */
export function keepChoice(model: string, view: string, choice: unknown): void {
  const views = knownViews(model)
  if (views) keepViews(views, { ...views, choices: { ...views.choices, [view]: choice ?? undefined } })
  const key = `${model} ${view}`
  clearTimeout(waiting.get(key))
  const send = (): void => {
    clearTimeout(waiting.get(key))
    unsent.delete(key)
    // Where it cannot be kept it lasts until the page is left: nothing that anybody should be stopped for.
    const sent = (onTheirWay.get(key) ?? Promise.resolve()).then(() =>
      call('ir.view.choice', 'keep', [model, view, choice]).catch(() => {}),
    )
    onTheirWay.set(key, sent)
  }
  unsent.set(key, send)
  waiting.set(key, setTimeout(send, pauseMs))
}

document.addEventListener('visibilitychange', () => {
  for (const send of unsent.values()) send()
})
