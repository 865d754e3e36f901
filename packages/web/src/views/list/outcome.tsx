import { Button } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { note, spend } from '../../data/notices.ts'
import type { Texts } from '../../i18n/index.ts'
import { formatPlace } from '../../location.ts'
import { recordWord } from '../../menus.ts'
import { call } from '../../rpc.ts'
import { tell, tellFailure } from '../../ui/notify.ts'
import { tellEnd } from '../../ui/run.tsx'
import type { Outcome, Refused } from './batches.ts'

/** So many refusals are told by name. */
const mostNamed = 100

/** Tells what a change of many came to: in a word where all went well, else row by row. Where it can be taken back, that is offered. */
export async function tellOutcome(
  model: string,
  { done, refused, isCancelled, error }: Outcome & { readonly error?: unknown },
  say: (n: number) => string,
  t: Texts,
  undo?: () => void,
): Promise<void> {
  const text = `${say(done)}${isCancelled ? ` ${t.wasStopped}` : ''}`
  let key = 0
  const action = undo && { label: t.undo, run: () => (spend(key), undo()) }
  if (done > 0 || refused.length > 0)
    key = note({
      text,
      tone: refused.length > 0 ? 'failed' : 'done',
      isRead: true,
      ...(refused.length > 0 ? { detail: t.leftAsTheyAre(refused.length) } : {}),
      ...(action ? { action } : {}),
    })
  if (error !== undefined) tellFailure(error, t)
  if (refused.length > 0) tellEnd({ title: text, body: await rowsOf(model, refused, t), action })
  else if (action) offer(text, action)
  else if (done > 0 || isCancelled) tell(text)
}

function offer(text: string, { label, run }: { label: string; run: () => void }): void {
  const id = notifications.show({
    autoClose: 15_000,
    message: (
      <span className="offered">
        {text}
        <Button size="compact-sm" variant="default" onClick={() => (notifications.hide(id), run())}>
          {label}
        </Button>
      </span>
    ),
  })
}

async function rowsOf(model: string, refused: readonly Refused[], t: Texts) {
  const some = refused.slice(0, mostNamed)
  const named = await call<{ id: number; display_name: string }[]>(model, 'web_read', [
    some.map(({ id }) => id),
    { display_name: {} },
  ]).catch(
    // Told by their numbers then: that they were refused matters more than their names.
    () => [],
  )
  const names = new Map(named.map((one) => [one.id, one.display_name]))
  return (
    <>
      <p>{t.leftAsTheyAre(refused.length)}</p>
      <ul className="refused">
        {some.map(({ id, why }) => (
          <li key={id}>
            <a href={formatPlace([{ word: recordWord(model), id }])}>{names.get(id) ?? `#${id}`}</a>
            <span className="soft">{why}</span>
          </li>
        ))}
      </ul>
      {refused.length > some.length && <p className="soft">{t.andMore(refused.length - some.length)}</p>}
    </>
  )
}
