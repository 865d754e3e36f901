import { useEffect, useState } from 'react'
import { queries } from '../data/views.ts'
import { useTexts } from '../i18n/index.ts'
import { onReach, onWait, probe } from '../rpc.ts'

/** Asked again after so long, twice as long each time, until the server answers. */
const [firstMs, longestMs] = [2000, 30_000]

/** Says when the server cannot be reached, or asks to wait; what was typed stays, and what is on the screen may be old. Looks by itself for when it is back. */
export function Offline() {
  const t = useTexts()
  const [isAway, setAway] = useState(!navigator.onLine)
  const [isHeld, setHeld] = useState(false)
  useEffect(() => onWait(setHeld), [])
  useEffect(() => {
    const lost = (): void => setAway(true)
    // That the network is there does not say that the server is.
    const found = (): void => void probe()
    addEventListener('offline', lost)
    addEventListener('online', found)
    const stop = onReach((isReached) => setAway(!isReached))
    return () => {
      removeEventListener('offline', lost)
      removeEventListener('online', found)
      stop()
    }
  }, [])
  useEffect(() => {
    if (!isAway) return void queries.invalidateQueries({ predicate: ({ state }) => state.status === 'error' })
    let waitMs = firstMs
    let timer = setTimeout(function again() {
      void probe()
      waitMs = Math.min(waitMs * 2, longestMs)
      timer = setTimeout(again, waitMs)
    }, waitMs)
    return () => clearTimeout(timer)
  }, [isAway])
  return <div role="status">{isAway ? <p className="banner banner-bad">{t.offline}</p> : isHeld && <p className="banner">{t.held}</p>}</div>
}
