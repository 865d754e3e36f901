import { call } from '../rpc.ts'
import { openDialogue } from '../ui/dialogue.tsx'
import { Devices } from './Devices.tsx'
import { Rights } from './Rights.tsx'
import './settings.css'
import { words } from './texts.ts'
import { Why } from './Why.tsx'

const nameOf = async (user: number): Promise<string> =>
  (await call<{ display_name: string }[]>('res.users', 'read', [[user], ['display_name']]))[0]?.display_name ?? ''

export const openDevices = async (user: number): Promise<void> =>
  openDialogue(words.devicesOf(await nameOf(user)), () => (
    <div className="settings-form">
      <Devices user={user} />
    </div>
  ))

export const openRights = async (user: number): Promise<void> =>
  openDialogue(words.rightsOf(await nameOf(user)), (close) => <Rights user={user} onDone={close} />, 720)

export const openWhy = (about: { model: string; id: number; name: string }): Promise<void> =>
  openDialogue(words.whyTitle, () => <Why {...about} />, 680)
