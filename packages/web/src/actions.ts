import { formatPlace, go } from './location.ts'
import { recordWord, wordOf } from './menus.ts'
import { tell } from './ui/notify.ts'

type Action = Readonly<Record<string, unknown>>

/** What a button may answer, by the `type` of its answer. A new kind of answer is a line here, or `tags` for one of the client's own. */
const types: Readonly<Record<string, (action: Action) => Promise<void>>> = {
  'ir.actions.act_window': openWindow,
  'ir.actions.act_url': async ({ url }) => {
    // A path of this host, or a page of the web: nothing that runs.
    if (typeof url === 'string' && /^(?:\/(?!\/)|https?:\/\/)/.test(url)) location.assign(url)
  },
  'ir.actions.act_window_close': async () => {},
  'ir.actions.client': async (action) => tags.get(String(action['tag']))?.(action),
}

const tags = new Map<string, (action: Action) => Promise<void>>([
  ['display_notification', async ({ params }) => void tell(String((params as { message?: unknown } | undefined)?.message ?? ''))],
])

/** Names what a client action of this tag does. */
export const addClientAction = (tag: string, run: (action: Action) => Promise<void>): void => void tags.set(tag, run)

/** Does what a method of the server answered that should be done next. */
export const follow = async (action: Action): Promise<void> => types[String(action['type'])]?.(action)

async function openWindow({ res_model: model, res_id: id, domain, name }: Action): Promise<void> {
  if (typeof model !== 'string') return
  if (typeof id === 'number' && id > 0) return go(formatPlace([{ word: recordWord(model), id }]))
  const word = wordOf(model)
  const where =
    Array.isArray(domain) && domain.length > 0
      ? new URLSearchParams({ q: JSON.stringify([{ where: domain, label: String(name ?? model) }]) })
      : undefined
  return go(formatPlace([{ word }], where))
}
