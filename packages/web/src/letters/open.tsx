import { call } from '../rpc.ts'
import { openDialogue } from '../ui/dialogue.tsx'
import { Letter } from './Letter.tsx'
import './letters.css'
import { PortalAccess } from './PortalAccess.tsx'
import { Template } from './Template.tsx'
import { words } from './texts.ts'

const nameOf = async (model: string, id: number): Promise<string> =>
  (await call<{ display_name: string }[]>(model, 'read', [[id], ['display_name']]))[0]?.display_name ?? ''

/** Writes a letter with a document; resolves when it was sent or put away. */
export const openLetter = async (about: { model: string; id: number }): Promise<void> =>
  openDialogue(words.sendByMail(await nameOf(about.model, about.id)), (close) => <Letter about={about} onDone={close} />, 760)

export const openPortalAccess = async (id: number): Promise<void> =>
  openDialogue(words.portalAccess(await nameOf('res.partner', id)), () => <PortalAccess id={id} />)

export const openTemplate = async (id: number): Promise<void> =>
  openDialogue(words.writeTemplate(await nameOf('mail.template', id)), () => <Template id={id} />, 960)
