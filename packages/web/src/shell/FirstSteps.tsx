import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTexts } from '../i18n/index.ts'
import { follow, formatPlace } from '../location.ts'
import { menus, openable, recordWord } from '../menus.ts'
import { ask } from '../rpc.ts'
import { store, stored } from '../start.ts'
import { IconCheck, IconChevronRight } from '../ui/icons.ts'

interface AppSteps {
  readonly app: string
  readonly steps: readonly Step[]
}

interface Step {
  readonly label: string
  readonly hint: string
  readonly model: string
  readonly opens: 'new' | 'list'
  readonly isDone: boolean
}

/** What to do first in each app, by the server (`packages/orm/steps.ts`); gone when all is done, or when its reader has seen enough. */
export function FirstSteps() {
  const t = useTexts()
  const [isHidden, setHidden] = useState(() => stored('steps.hidden', false))
  const { data = [] } = useQuery({ queryKey: ['steps'], queryFn: () => ask<AppSteps[]>('steps', {}), enabled: !isHidden })
  if (isHidden || data.length === 0) return null
  const all = data.flatMap(({ steps }) => steps)
  const hide = (): void => {
    store('steps.hidden', true)
    setHidden(true)
  }
  return (
    <section className="first" aria-labelledby="first-steps">
      <header>
        <h2 id="first-steps">{t.firstSteps}</h2>
        <span className="soft">{t.stepsDone(all.filter(({ isDone }) => isDone).length, all.length)}</span>
        <span className="grow" />
        <button type="button" className="link" onClick={hide}>
          {t.hideSteps}
        </button>
      </header>
      <ul>
        {data.flatMap(({ app, steps }) =>
          steps.map((step) => (
            <li key={`${app}/${step.label}`} data-done={step.isDone || undefined}>
              <span className="step-mark">
                {step.isDone && (
                  <>
                    <IconCheck size={14} aria-hidden />
                    <span className="sr">{t.stepDone}</span>
                  </>
                )}
              </span>
              <a {...follow(urlOfStep(step))}>
                <strong>{step.label}</strong>
                <span className="soft">{step.hint}</span>
              </a>
              <span className="step-app soft small">{appOf(app, step)}</span>
              <IconChevronRight size={15} aria-hidden className="soft" />
            </li>
          )),
        )}
      </ul>
    </section>
  )
}

/** What has no place of its own on the home page is where its menu is: the company in the settings. */
const appOf = (app: string, { model }: Step): string =>
  menus.some(({ label }) => label === app) ? app : (openable.find(({ menu }) => menu.model === model)?.app.label ?? app)

/** Below the menu of the model where it has one: the deepest says most. */
function urlOfStep({ model, opens }: Step): string {
  const word = openable.find(({ menu, trail }) => menu.model === model && trail.length > 1)?.menu.path ?? recordWord(model)
  return formatPlace([opens === 'new' ? { word, id: 'new' } : { word }])
}
