import { addClientAction } from '../actions.ts'

type Params = Readonly<Record<string, unknown>>
const paramsOf = ({ params }: Params): Params => (params ?? {}) as Params

addClientAction('portal.letter', async (action) => {
  const { model, id } = paramsOf(action)
  if (typeof model === 'string' && typeof id === 'number') await (await import('./open.tsx')).openLetter({ model, id })
})

addClientAction('portal.access', async (action) => {
  const { id } = paramsOf(action)
  if (typeof id === 'number') await (await import('./open.tsx')).openPortalAccess(id)
})

addClientAction('mail.template', async (action) => {
  const { id } = paramsOf(action)
  if (typeof id === 'number') await (await import('./open.tsx')).openTemplate(id)
})
