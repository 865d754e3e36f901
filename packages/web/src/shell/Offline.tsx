import { useEffect, useState } from 'react'
import { queries } from '../data/views.ts'
import { useTexts } from '../i18n/index.ts'
import { onReach } from '../rpc.ts'

/** Says when the server cannot be reached; what was typed stays, and what is on the screen may be old. */
export function Offline() {
  const t = useTexts()
  const [isAway, setAway] = useState(!navigator.onLine)
  useEffect(() => {
    const lost = (): void => setAway(true)
    const found = (): void => {
      setAway(false)
      void queries.invalidateQueries({ predicate: ({ state }) => state.status === 'error' })
    }
    addEventListener('offline', lost)
    addEventListener('online', found)
    const stop = onReach((isReached) => (isReached ? setAway(false) : lost()))
    return () => {
      removeEventListener('offline', lost)
      removeEventListener('online', found)
      stop()
    }
  }, [])
  return <div role="status">{isAway && <p className="banner banner-bad">{t.offline}</p>}</div>
}
