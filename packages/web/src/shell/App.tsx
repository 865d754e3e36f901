import { Suspense, useEffect } from 'react'
import { addClientAction } from '../actions.ts'
import { tryMailServer } from '../chatter/mail-test.ts'
import { knownViews } from '../data/views.ts'
import { useTexts } from '../i18n/index.ts'
import '../letters/actions.ts'
import { go, usePlace } from '../location.ts'
import { menuAt, modelAt } from '../menus.ts'
import { screens } from '../settings/screens.ts'
import { start } from '../start.ts'
import { Transfer } from '../transfer/Transfer.tsx'
import { Questions } from '../ui/confirm.tsx'
import { Dialogues } from '../ui/dialogue.tsx'
import { Runs } from '../ui/run.tsx'
import { Empty, FormSkeleton } from '../ui/states.tsx'
import { FormView } from '../views/form/lazy.ts'
import { Listing } from '../views/Listing.tsx'
import { Breadcrumbs } from './Breadcrumbs.tsx'
import { ConfirmIdentity } from './ConfirmIdentity.tsx'
import { Help } from './Help.tsx'
import { Home } from './Home.tsx'
import { Offline } from './Offline.tsx'
import { Palette } from './Palette.tsx'
import { SignInAgain } from './SignInAgain.tsx'
import { TopBar } from './TopBar.tsx'

/** Everything: the bar, and below it what the address says. */
export function App() {
  const t = useTexts()
  const place = usePlace()
  const step = place.steps.at(-1)
  const Own = place.steps.length === 1 && step?.id === undefined ? screens[step?.word ?? ''] : undefined
  useEffect(() => addClientAction('mail.test', (action) => tryMailServer(action, t)), [t])
  return (
    <>
      <a className="skip" href="#main">
        {t.skipToContent}
      </a>
      {start.banner !== null && (
        <p className="banner" role="status">
          {start.banner}
        </p>
      )}
      <Offline />
      <TopBar place={place} />
      <main id="main" className="main" tabIndex={-1}>
        {!step ? (
          <Home />
        ) : Own ? (
          <Suspense fallback={<FormSkeleton />}>
            <Own />
          </Suspense>
        ) : step.id === undefined ? (
          <Screen word={step.word} key={place.steps.map(({ word, id }) => `${word}/${id ?? ''}`).join('/')} />
        ) : (
          <>
            <div className="control">
              <Breadcrumbs place={place} />
            </div>
            <Suspense fallback={<FormSkeleton />}>
              <FormView key={place.visit} model={modelAt(step.word)} id={step.id} place={place} context={menuAt(step.word)?.menu.context} />
            </Suspense>
          </>
        )}
      </main>
      <Transfer />
      <Questions />
      <Runs />
      <SignInAgain />
      <ConfirmIdentity />
      <Dialogues />
      <Palette />
      <Help />
    </>
  )
}

function Screen({ word }: { word: string }) {
  const t = useTexts()
  const place = usePlace()
  const model = modelAt(word)
  // A word that is neither a menu's nor a model's name: an address with a typing error, or an app that this user has not.
  if (!menuAt(word) && !word.includes('.') && !knownViews(model)) {
    return (
      <Empty
        title={t.noSuchPage}
        hint={t.noSuchPageHint}
        action={
          <a href="/odoo" onClick={(event) => (event.preventDefault(), void go('/odoo'))}>
            {t.toApps}
          </a>
        }
      />
    )
  }
  return <Listing model={model} place={place} />
}
