import { useEffect } from 'react'
import { useTexts } from '../i18n/index.ts'
import { menus } from '../menus.ts'
import { start } from '../start.ts'
import { Empty } from '../ui/states.tsx'
import { useFormFetched } from '../views/form/lazy.ts'
import { AppTiles } from './AppTiles.tsx'
import { Examples } from './Examples.tsx'
import { FirstSteps } from './FirstSteps.tsx'

/** The apps this user may open; what he may not open is not here. Below them what to do first, as long as there is something. */
export function Home() {
  const t = useTexts()
  useFormFetched(true)
  useEffect(() => {
    document.title = 'ERP4'
  }, [])
  return (
    <div className="home">
      <h1>{t.hello(start.session.name)}</h1>
      {menus.length === 0 ? (
        <Empty title={t.noApps} hint={t.noAppsHint} />
      ) : (
        <>
          <AppTiles />
          <p className="soft hint">{t.paletteHint}</p>
          <FirstSteps />
          {start.session.is_system && <Examples />}
        </>
      )}
    </div>
  )
}
