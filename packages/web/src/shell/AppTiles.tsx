import { useState } from 'react'
import { useTexts } from '../i18n/index.ts'
import { follow } from '../location.ts'
import { useAnnouncer } from '../ui/announce.tsx'
import { iconNamed } from '../ui/app-icons.ts'
import { watchDrag } from '../ui/drag.ts'
import { type AppPlace, moveApp, useApps } from './apps.ts'
import { DueCount, DueWords, useDue } from './due.tsx'

/** The apps as tiles, which mouse and finger drag into another order, and Alt with the arrows carries. */
export function AppTiles() {
  const t = useTexts()
  const apps = useApps()
  const due = useDue()
  const { announcer, say } = useAnnouncer()
  const [dragged, setDragged] = useState<string | null>(null)
  const [over, setOver] = useState<string | null>(null)
  const move = ({ app }: AppPlace, to: number): void => {
    if (to < 0 || to >= apps.length) return
    moveApp(apps, app.path, to)
    say(t.appMoved(app.label, to + 1, apps.length))
  }
  const onPointerDown = (event: React.PointerEvent<HTMLElement>, place: AppPlace): void =>
    watchDrag(event.nativeEvent, event.currentTarget, {
      onStart: () => setDragged(place.app.path),
      onOver: (target) => setOver(target?.dataset['drop'] ?? null),
      onEnd: (target) => {
        setDragged(null)
        const to = apps.findIndex(({ app }) => app.path === target?.dataset['drop'])
        if (to >= 0 && apps[to] !== place) move(place, to)
      },
    })
  const onKeyDown = (event: React.KeyboardEvent, place: AppPlace, at: number): void => {
    const by = !event.altKey ? 0 : event.key === 'ArrowLeft' || event.key === 'ArrowUp' ? -1 : /^Arrow(Right|Down)$/.test(event.key) ? 1 : 0
    if (by === 0) return
    // Back and forward are for the page; here the app goes.
    event.preventDefault()
    move(place, at + by)
  }
  return (
    <nav aria-label={t.apps}>
      <ul className="apps">
        {apps.map((place, at) => {
          const { app, url } = place
          const Icon = iconNamed(app.icon)
          return (
            <li
              key={app.path}
              data-drop={app.path}
              data-over={(over === app.path && dragged !== app.path) || undefined}
              data-moving={dragged === app.path || undefined}
              onPointerDown={(event) => onPointerDown(event, place)}
            >
              <a
                {...follow(url)}
                draggable={false}
                aria-describedby={apps.length > 1 ? 'apps-hint' : undefined}
                onKeyDown={(event) => onKeyDown(event, place, at)}
              >
                <span className="app-icon">
                  <Icon size={26} stroke={1.5} />
                  <DueCount count={due(app)} />
                </span>
                {app.label}
                <DueWords count={due(app)} />
              </a>
            </li>
          )
        })}
      </ul>
      <p id="apps-hint" hidden>
        {t.appsHint}
      </p>
      {announcer}
    </nav>
  )
}
